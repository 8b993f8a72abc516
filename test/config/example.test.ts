import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { loadIn } from './load-in.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The parts of a JSON Schema node that contain keys. */
interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly description?: string;
}

/** All keys below a node; `*` stands for a user-chosen name and for a list item. */
function keysUnder(node: Node, path: readonly string[] = []): readonly (readonly [path: string[], node: Node])[] {
  const named = Object.entries(node.properties ?? {});
  const free = [node.additionalProperties, node.items].filter((inner) => typeof inner === 'object');
  return [...named, ...free.map((inner) => ['*', inner] as const)].flatMap(([name, inner]) => {
    const here = [...path, name];
    return [[here, inner] as const, ...keysUnder(inner, here)];
  });
}

function valuesAt(value: unknown, [name, ...rest]: readonly string[]): readonly unknown[] {
  if (name === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  const inner = name === '*' ? Object.values(value) : Object.hasOwn(value, name) ? [Reflect.get(value, name)] : [];
  return inner.flatMap((each: unknown) => valuesAt(each, rest));
}

describe('captcha.config.example.json', () => {
  it('is a valid config file', async () => {
    const { config, file, warnings } = await loadIn(root, { file: 'captcha.config.example.json' });
    expect(file).toMatchObject({ found: false });
    expect(warnings).toEqual([]);
    expect(config.regions.map(({ name }) => name)).toEqual(['us-east-1', 'my-dc']);
  });

  it('shows every key', async () => {
    const example: unknown = JSON.parse(await readFile(`${root}/captcha.config.example.json`, 'utf8'));
    const keys = keysUnder(await configJsonSchema()).filter(([path]) => path.join('.') !== 'policy.deny.*');
    expect(keys.length).toBeGreaterThan(70);
    expect(keys.filter(([path]) => valuesAt(example, path).length === 0).map(([path]) => path.join('.'))).toEqual([]);
  });

  it('shows the default of every key that has one', async () => {
    const { settings } = await loadIn(root, { file: 'captcha.config.example.json' });
    const { settings: defaults } = await loadIn('/', {});
    const madeUp = [
      'api.keyFile',
      'api.keyCommand',
      'polling.methods',
      'limits.submissions',
      'limits.labels',
      'regions',
      'routes.default',
      'routes.rules',
      'results',
      'fleet.state',
      'errors',
      'policy.allow',
    ];
    const differing = settings.filter(
      ({ value }, index) => JSON.stringify(value) !== JSON.stringify(defaults[index]?.value),
    );
    expect(differing.map(({ path }) => path)).toEqual(madeUp);
  });
});

describe('the JSON Schema', () => {
  it('is up to date: node scripts/build-schema.js', async () => {
    const check = promisify(execFile)(process.execPath, ['scripts/build-schema.js', '--check'], { cwd: root });
    await expect(check).resolves.toMatchObject({ stderr: '' });
  });

  it('describes every named key', async () => {
    const named = keysUnder(await configJsonSchema()).filter(([path]) => path.at(-1) !== '*');
    expect(named.filter(([, { description }]) => description === undefined).map(([path]) => path.join('.'))).toEqual(
      [],
    );
  });

  it('rejects unknown keys except in maps with free names', async () => {
    const objects = [
      await configJsonSchema(),
      ...keysUnder(await configJsonSchema()).map(([, node]) => node),
    ] as Node[];
    const fixed = objects.filter(({ properties }) => properties !== undefined);
    expect(fixed.length).toBeGreaterThan(15);
    expect(fixed.every(({ additionalProperties }) => additionalProperties === false)).toBe(true);
  });
});
