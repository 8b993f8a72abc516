import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .map((name) => name.split(sep).join('/'));

const statement = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s)?'([^']+)'/gm;
const dynamic = /import\('([^']+)'\)/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), 'utf8');
  const target = (specifier: string): string =>
    specifier.startsWith('.')
      ? relative(source, join(source, dirname(file), specifier))
          .split(sep)
          .join('/')
      : specifier;
  return [
    ...[...text.matchAll(statement)].map(([, type, to]) => ({
      from: file,
      to: target(to!),
      typeOnly: type !== undefined,
    })),
    ...[...text.matchAll(dynamic)].map(([, to]) => ({ from: file, to: target(to!), typeOnly: false })),
  ];
}

const imports = files.flatMap(importsOf);
const isInside = ({ to }: Import): boolean => files.includes(to) || to.startsWith('..');

/** The layer of a file: its first folder, or `main` for the entry and the composition root. */
const layerOf = (file: string): string =>
  file.includes('/') && !file.startsWith('container/') ? file.split('/')[0]! : 'main';

/** The layers that each layer may import; `types` means only their types. The table of docs/architecture.md. */
const table: Record<string, Record<string, 'yes' | 'types'>> = {
  domain: { domain: 'yes' },
  protocol: { domain: 'yes', protocol: 'yes' },
  ports: { domain: 'yes', ports: 'yes' },
  core: { domain: 'yes', ports: 'yes', core: 'yes' },
  config: { domain: 'yes', protocol: 'yes', core: 'types', config: 'yes' },
  cli: {
    ...{ domain: 'yes', protocol: 'yes', ports: 'types', core: 'yes', config: 'types', cli: 'yes' },
    commands: 'types',
  },
  commands: {
    ...{ domain: 'yes', protocol: 'yes', ports: 'types', core: 'yes', config: 'types', cli: 'yes', commands: 'yes' },
  },
  adapters: { domain: 'yes', protocol: 'yes', ports: 'yes', adapters: 'yes' },
  sandbox: { domain: 'yes', protocol: 'yes', sandbox: 'yes' },
  main: {
    ...{ domain: 'yes', ports: 'yes', core: 'yes', config: 'yes', cli: 'yes', commands: 'yes', adapters: 'yes' },
    ...{ protocol: 'yes', sandbox: 'yes', main: 'yes' },
  },
};

/** The packages that a layer may use; `node` stands for Node's own modules. */
const packages: Record<string, readonly string[]> = {
  domain: ['fastest-levenshtein'],
  config: ['cosmiconfig', 'valibot', 'node'],
  cli: ['commander', 'cli-table3', 'string-width'],
  commands: ['commander', 'asciichart'],
  adapters: ['undici', 'csv-parse', 'bullmq', 'ioredis', '@aws-sdk/client-sqs', 'node'],
  sandbox: ['node'],
  main: ['node'],
};

/** The modules of core in order: each may import those before it. */
const coreOrder = ['resilience', 'routing', 'regions', 'solve', 'batch', 'fleet', 'simulation'];

/** Adapters that others may import; every other adapter imports only its own folder. */
const sharedAdapters = ['http', 'redis', 'state', 'system'];

function mayCross({ from, to, typeOnly }: Import): boolean {
  const allowed = table[layerOf(from)]?.[layerOf(to)];
  return allowed === 'yes' || (allowed === 'types' && typeOnly);
}

function mayUse({ from, to }: Import): boolean {
  const [first, second] = to.split('/');
  const name = to.startsWith('node:') ? 'node' : first!.startsWith('@') ? `${first}/${second}` : first!;
  return packages[layerOf(from)]?.includes(name) ?? false;
}

const shown = ({ from, to, typeOnly }: Import): string => `${from} -> ${to}${typeOnly ? ' (types)' : ''}`;

describe('the architecture', () => {
  it('has files and imports to check', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(imports.length).toBeGreaterThan(100);
  });

  it('allows imports across layers only as in the table', () => {
    expect(
      imports
        .filter(isInside)
        .filter((each) => !mayCross(each))
        .map(shown),
    ).toEqual([]);
  });

  it('allows each layer its own packages only', () => {
    expect(imports.filter((each) => !isInside(each) && !mayUse(each)).map(shown)).toEqual([]);
  });

  it('orders the modules of the core', () => {
    const level = (file: string): number => coreOrder.indexOf(file.split('/')[1]!);
    const upward = imports.filter(
      (each) => isInside(each) && layerOf(each.from) === 'core' && layerOf(each.to) === 'core',
    );
    expect(upward.filter(({ from, to }) => level(to) > level(from)).map(shown)).toEqual([]);
  });

  it('keeps every adapter in its own folder', () => {
    const across = imports.filter(
      (each) => isInside(each) && layerOf(each.from) === 'adapters' && layerOf(each.to) === 'adapters',
    );
    const folder = (file: string): string => file.split('/')[1]!;
    const foreign = across.filter(
      ({ from, to }) => folder(from) !== folder(to) && !sharedAdapters.includes(folder(to)),
    );
    expect(foreign.map(shown)).toEqual([]);
  });

  it('keeps a command in its own folder', () => {
    const across = imports.filter(
      (each) => isInside(each) && layerOf(each.from) === 'commands' && layerOf(each.to) === 'commands',
    );
    // The list of commands is next to their folders.
    const other = across.filter(
      ({ from, to }) => from.split('/')[1] !== to.split('/')[1] && from !== 'commands/command-list.ts',
    );
    expect(other.map(shown)).toEqual([]);
  });

  it.each([
    ['commander', /^(cli|commands)\//],
    ['cli-table3', /^cli\/table\.ts$/],
    ['asciichart', /^commands\/simulate\/view\.ts$/],
    ['string-width', /^cli\/display-width\.ts$/],
    ['fastest-levenshtein', /^domain\/closest-name\.ts$/],
    ['cosmiconfig', /^config\//],
    ['undici', /^adapters\/http\//],
    ['csv-parse', /^adapters\/files\/input\//],
    ['ioredis', /^adapters\/redis\//],
    ['bullmq', /^adapters\/queues\/bullmq\//],
    ['@aws-sdk/client-sqs', /^adapters\/queues\/sqs\//],
  ])('uses %s in one place only', (name, place) => {
    const users = imports.filter(({ to }) => to === name || to.startsWith(`${name}/`)).map(({ from }) => from);
    expect(users).not.toEqual([]);
    expect(users.filter((file) => !place.test(file))).toEqual([]);
  });

  it('has no import cycles', () => {
    const targets = new Map(
      files.map((file) => [file, imports.filter((each) => each.from === file && isInside(each))]),
    );
    const done = new Set<string>();
    const cycleFrom = (file: string, path: readonly string[]): readonly string[] | null => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return null;
      for (const { to } of targets.get(file) ?? []) {
        const cycle = cycleFrom(to, [...path, file]);
        if (cycle !== null) return cycle;
      }
      done.add(file);
      return null;
    };
    expect(files.flatMap((file) => cycleFrom(file, []) ?? [])).toEqual([]);
  });

  it('has no barrels and no folders without a subject', () => {
    const junk = /(^|\/)(index|utils?|helpers?|common|shared|types|constants|lib|manager|service)(\.ts|\/)/;
    expect(files.filter((file) => junk.test(file))).toEqual([]);
  });

  it('keeps files at one concept: none above 400 lines', () => {
    const lines = files
      .map((file) => readFileSync(join(source, file), 'utf8').split('\n').length)
      .sort((a, b) => a - b);
    expect(lines.at(-1)).toBeLessThanOrEqual(400);
  });
});
