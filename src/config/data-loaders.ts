import { parse } from 'node:path';
import { UsageError } from '../domain/usage-error.ts';
import { findJsonError } from './json-position.ts';

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

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function packageKey(content: unknown): unknown {
  return isObject(content) ? content['captcha'] : undefined;
}

/** Undefined where nothing is written. cosmiconfig would load what `$import` names, by its own loaders and from anywhere. */
function boxed(path: string, content: unknown): Boxed | { readonly captcha?: Boxed } | undefined {
  const isPackage = parse(path).name === 'package';
  const own = isPackage ? packageKey(content) : content;
  if (isObject(own) && Object.hasOwn(own, '$import')) {
    throw new UsageError(
      `${path}: $import is refused: a config file stands alone`,
      'Copy what it needs into the file.',
    );
  }
  const box = own === undefined ? undefined : { content: own };
  return isPackage ? { ...(box && { captcha: box }) } : box;
}

function loadJson(path: string, text: string): unknown {
  const json = text.replace(/^\uFEFF/, '');
  const error = findJsonError(json);
  if (error === null) return boxed(path, JSON.parse(json));
  throw new UsageError(`${path}:${error.line}:${error.column}: not valid JSON: expected ${error.expected}`);
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
  throw new UsageError(`${path}: config files are data: use .json, .yaml or .yml`);
}

/**
 * A loader for every extension that cosmiconfig knows: data is read, and what would run code is refused, whoever names
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
