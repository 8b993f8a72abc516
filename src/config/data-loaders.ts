import { isObject } from '../domain/json.ts';
import { parse } from 'node:path';
import { UsageError } from '../domain/errors.ts';

export interface TextPosition {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

/** The line and column of an offset. */
function positionOf(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

/** What may come next, as token kinds: `s` a string, `v` a number, true, false or null, `.` the end, else itself. */
const next = { name: 's', nameOrEnd: 's}', value: '{[sv', valueOrEnd: '{[sv]', end: '.' } as const;

const wanted: Readonly<Record<string, string>> = {
  [next.name]: 'a name in double quotes',
  [next.nameOrEnd]: 'a name in double quotes or }',
  [next.value]: 'a value',
  [next.valueOrEnd]: 'a value or ]',
  [next.end]: 'the end of the file',
  ',}': ', or }',
  ',]': ', or ]',
  ':': ':',
};

const tokenAt =
  /[ \t\n\r]*(?:(?<mark>[{}[\],:])|(?<s>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(?<v>(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.]))|(?<end>$)|)/y;

function kindOf({ mark, s, v, end }: Readonly<Record<string, string | undefined>>): string {
  if (mark !== undefined) return mark;
  if (s !== undefined) return 's';
  if (v !== undefined) return 'v';
  return end === undefined ? '?' : '.';
}

function afterValue(open: readonly string[]): string {
  const container = open.at(-1);
  return container === undefined ? next.end : container === '{' ? ',}' : ',]';
}

/** What may follow a token of this kind; keeps `open`, the containers around it, up to date. */
function follow(kind: string, expected: string, open: string[]): string {
  if (kind === '{' || kind === '[') {
    open.push(kind);
    return kind === '{' ? next.nameOrEnd : next.valueOrEnd;
  }
  if (kind === '}' || kind === ']') open.pop();
  if (kind === ',') return open.at(-1) === '{' ? next.name : next.value;
  if (kind === ':') return next.value;
  return kind === 's' && expected.startsWith('s') ? ':' : afterValue(open);
}

/**
 * Where a text stops being JSON and what was expected there; null where it is JSON. `JSON.parse` names no position for
 * half of its errors and quotes the text, which may hold a password.
 */
export function findJsonError(text: string): (TextPosition & { readonly expected: string }) | null {
  const open: string[] = [];
  const token = new RegExp(tokenAt);
  let expected: string = next.value;
  while (token.lastIndex <= text.length) {
    const found = token.exec(text);
    const kind = kindOf(found?.groups ?? {});
    if (!expected.includes(kind)) {
      const blanks = /^[ \t\n\r]*/.exec(found?.[0] ?? '')?.[0].length ?? 0;
      return { ...positionOf(text, (found?.index ?? 0) + blanks), expected: wanted[expected] ?? expected };
    }
    if (kind === next.end) return null;
    expected = follow(kind, expected, open);
  }
  return null;
}

/**
 * Where a name of an object occurs for the second time, in a text that is JSON; null if none does. `JSON.parse` would keep
 * the last one and drop the other without a word. `within`: only objects under this name of the outermost one, and the
 * name itself; null for all.
 */
function findRepeatedName(text: string, within: string | null): (TextPosition & { readonly name: string }) | null {
  const open: string[] = [];
  const seen: Set<string>[] = [];
  const token = new RegExp(tokenAt);
  let expected: string = next.value;
  let outermost = '';
  for (;;) {
    const { groups = {} } = token.exec(text) ?? {};
    const kind = kindOf(groups);
    if (kind === next.end || kind === '?') return null;
    if (kind === '{' || kind === '[') seen.push(new Set());
    if (kind === '}' || kind === ']') seen.pop();
    if (kind === 's' && expected.startsWith('s')) {
      const written = groups['s'] ?? '';
      const name = String(JSON.parse(written));
      if (seen.length === 1) outermost = name;
      const isRepeated = seen.at(-1)?.has(name) === true && (within === null || within === outermost);
      if (isRepeated) return { ...positionOf(text, token.lastIndex - written.length), name };
      seen.at(-1)?.add(name);
    }
    expected = follow(kind, expected, open);
  }
}

/** Reads a config file's text into plain data. */
export type DataLoader = (path: string, text: string) => unknown;

/** What the loaders yield: cosmiconfig takes a bare null for a file without configuration and looks further. */
export interface Boxed {
  readonly content: unknown;
}

/** As js-yaml describes an error; `mark` counts from 0. */
interface YamlError {
  readonly reason?: string;
  readonly mark?: { readonly line: number; readonly column: number };
}

function packageKey(content: unknown): unknown {
  return isObject(content) ? content['captcha'] : undefined;
}

/** Undefined where nothing is written. cosmiconfig would load what `$import` names, by its own loaders and from anywhere. */
function boxed(path: string, content: unknown): Boxed | { readonly captcha?: Boxed } | undefined {
  const isPackage = parse(path).name === 'package';
  const own = isPackage ? packageKey(content) : content;
  if (isObject(own) && Object.hasOwn(own, '$import')) {
    throw new UsageError(`${path}: $import is not supported`, 'Copy the imported settings into the file.');
  }
  const box = own === undefined ? undefined : { content: own };
  return isPackage ? { ...(box && { captcha: box }) } : box;
}

/** Reads JSON. Throws `UsageError` with the place of the error. */
export function loadJson(path: string, text: string): unknown {
  const json = text.replace(/^\uFEFF/, '');
  const error = findJsonError(json);
  if (error !== null)
    throw new UsageError(`${path}:${error.line}:${error.column}: not valid JSON: expected ${error.expected}`);
  const repeated = findRepeatedName(json, parse(path).name === 'package' ? 'captcha' : null);
  if (repeated === null) return boxed(path, JSON.parse(json));
  const { line, column, name } = repeated;
  throw new UsageError(
    `${path}:${line}:${column}: the key ${JSON.stringify(name)} occurs twice`,
    'Keep one of the two.',
  );
}

function yamlLoader(parseYaml: DataLoader): DataLoader {
  return (path, text) => {
    try {
      // Comments alone are null.
      return boxed(path, parseYaml(path, text) ?? undefined);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const { reason, mark } = error as YamlError;
      const place = mark === undefined ? '' : `:${mark.line + 1}:${mark.column + 1}`;
      throw new UsageError(`${path}${place}: not valid YAML: ${reason ?? 'unreadable'}`);
    }
  };
}

function refuse(path: string): never {
  throw new UsageError(`${path}: config files must be data files (.json, .yaml or .yml)`);
}

/**
 * A loader for every extension that cosmiconfig knows: data is read, and formats that run code are refused, even if a file names
 * it. `parseYaml` is cosmiconfig's own YAML loader.
 */
export function dataLoaders(parseYaml: DataLoader): Readonly<Record<string, DataLoader>> {
  const yaml = yamlLoader(parseYaml);
  return {
    '.json': loadJson,
    '.yaml': yaml,
    '.yml': yaml,
    noExt: yaml,
    '.js': refuse,
    '.cjs': refuse,
    '.mjs': refuse,
    '.ts': refuse,
    default: refuse,
  };
}
