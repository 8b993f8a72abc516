import { parse } from 'node:path';
import { UsageError } from '../domain/usage-error.ts';
import { findJsonError } from './json-position.ts';

/** Reads a config file's text into plain data. */
export type DataLoader = (path: string, text: string) => unknown;

/** As js-yaml describes an error; `mark` counts from 0. */
interface YamlError {
  readonly reason?: string;
  readonly mark?: { readonly line: number; readonly column: number };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** cosmiconfig would load what `$import` names, by its own loaders and from anywhere. */
function withoutImport(path: string, content: unknown): unknown {
  const isPackage = parse(path).name === 'package';
  const own = isPackage ? isObject(content) && content['captcha'] : content;
  if (isObject(own) && Object.hasOwn(own, '$import')) {
    throw new UsageError(
      `${path}: $import is refused: a config file stands alone`,
      'Copy what it needs into the file.',
    );
  }
  if (isPackage) return isObject(content) ? content : {};
  // A file of comments alone: nothing is set, but the file is there.
  return content ?? {};
}

function loadJson(path: string, text: string): unknown {
  const json = text.replace(/^\uFEFF/, '');
  const error = findJsonError(json);
  if (error === null) return withoutImport(path, JSON.parse(json));
  throw new UsageError(`${path}:${error.line}:${error.column}: not valid JSON: expected ${error.expected}`);
}

function yamlLoader(parseYaml: DataLoader): DataLoader {
  return (path, text) => {
    try {
      return withoutImport(path, parseYaml(path, text));
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
