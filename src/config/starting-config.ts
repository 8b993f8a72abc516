import { isObject } from '../domain/json.ts';
import { notInProjectFile } from './cross-checks.ts';

/** The parts of a JSON Schema that a starting configuration is made from. */
interface Node {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
}

const columns = 100;

/** A description as comment lines. */
function comment(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > columns && !line.endsWith('#')) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

const plainWord = /^(?!(?:true|false|yes|no|on|off|null)$)[a-z][a-z-]*$|^\d+(?:ms|s|m|h)$/;

/** JSON is YAML, too; a word or a duration needs no quotes. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  return typeof value === 'string' && plainWord.test(value) ? value : JSON.stringify(value);
}

const isEmpty = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** One item of a list of objects. Only the first one is explained. */
function itemLines(item: Readonly<Record<string, unknown>>, node: Node, indent: string): readonly string[] {
  const lines = objectLines(item, node, `${indent}  `);
  const first = lines.findIndex((line) => !line.trimStart().startsWith('#'));
  const placed = (line: string, index: number): string => {
    if (index > first) return line;
    return `${indent}${index === first ? '- ' : ''}${line.trimStart()}`;
  };
  return lines.map(placed);
}

/** The lines of a key with its value. */
function valueLines(key: string, value: unknown, node: Node, indent: string): readonly string[] {
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) {
    const [first = {}, ...rest] = value;
    const inner = `${indent}  `;
    const others = rest.flatMap((item) => itemLines(item, {}, inner));
    return [`${indent}${key}:`, ...itemLines(first, node.items ?? {}, inner), ...others];
  }
  if (isObject(value) && !isEmpty(value) && node.properties !== undefined)
    return [`${indent}${key}:`, ...objectLines(value, node, `${indent}  `)];
  if (isObject(value) && !isEmpty(value)) {
    const inner = typeof node.additionalProperties === 'object' ? node.additionalProperties : {};
    return [
      `${indent}${key}:`,
      ...Object.entries(value).flatMap(([name, each]) => valueLines(name, each, inner, `${indent}  `)),
    ];
  }
  return [`${indent}${key}: ${inline(value)}`];
}

/** The keys of an example, each under its description. */
function objectLines(value: Readonly<Record<string, unknown>>, node: Node, indent: string): readonly string[] {
  return Object.entries(value).flatMap(([name, each]) => {
    const inner = node.properties?.[name] ?? {};
    const about = inner.description === undefined ? [] : comment(inner.description, indent);
    return [...about, ...valueLines(name, each, inner, indent)];
  });
}

/** Settings that are switched off: each has a `#` without a blank. Their comments stay. */
const off = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replace(/^( *)(?=[^ #])/, '$1#'));

interface Key {
  readonly path: string;
  readonly name: string;
  readonly node: Node;
  readonly example: unknown;
}

function keysOf(node: Node, example: unknown, path: string): readonly Key[] {
  return Object.entries(node.properties ?? {})
    .filter(([name]) => name !== '$schema')
    .map(([name, inner]) => ({
      path: `${path}${name}`,
      name,
      node: inner,
      example: isObject(example) ? example[name] : undefined,
    }));
}

/** Whether a project file says the key from the start. What has no default says nothing until it is filled in. */
function isOn({ path, node, example }: Key): boolean {
  return !notInProjectFile(path) && (!isEmpty(node.default) || isEmpty(example));
}

function keyLines(key: Key, indent: string): readonly string[] {
  const { name, node, example, path } = key;
  const about = comment(node.description ?? '', indent);
  if (isOn(key)) return [...about, ...valueLines(name, node.default, node, indent)];
  const value = isEmpty(node.default) ? example : node.default;
  const where = notInProjectFile(path)
    ? comment('Not in a project file: only with --config, or in your own.', indent)
    : [];
  return [...about, ...where, ...off(valueLines(name, value, node, indent))];
}

function sectionLines(key: Key): readonly string[] {
  const { name, node, example, path } = key;
  if (node.properties === undefined) return keyLines(key, '');
  const keys = keysOf(node, example, `${path}.`);
  const head = keys.some(isOn) ? `${name}:` : `#${name}:`;
  return [...comment(node.description ?? '', ''), head, ...keys.flatMap((each) => keyLines(each, '  '))];
}

const head = `# Configuration of captcha. Every value below is the default: change it, or delete it.
# A setting behind a # without a blank is an example and is off: remove the # to use it.
# The API key is not kept here: set CAPTCHAAI_API_KEY, or CAPTCHAAI_API_KEY_FILE to the path of its file.
# captcha config validate checks this file, captcha config show prints what is in effect.`;

/** The defaults that a project file may set, in the schema's order. */
function defaultsOf(node: Node, path: string): Readonly<Record<string, unknown>> {
  const entries = keysOf(node, {}, path).flatMap(({ name, node: inner, path: here }) => {
    if (inner.properties !== undefined) return [[name, defaultsOf(inner, `${here}.`)] as const];
    return notInProjectFile(here) ? [] : [[name, inner.default] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * A config file to start from, with the default of every key. In YAML each key has its description as a comment, and what
 * has no default shows the value of the shipped example. JSON has no comments.
 */
export async function startingConfig(format: 'yaml' | 'json'): Promise<string> {
  const { default: schema } = await import('../../schema/captcha.config.schema.json', { with: { type: 'json' } });
  if (format === 'json') return `${JSON.stringify(defaultsOf(schema as Node, ''), null, 2)}\n`;
  const { default: example } = await import('../../captcha.config.example.json', { with: { type: 'json' } });
  const sections = keysOf(schema as Node, example, '').map(sectionLines);
  return `${[head, ...sections.map((lines) => lines.join('\n'))].join('\n\n')}\n`;
}
