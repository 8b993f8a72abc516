import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { root, textOf } from './places.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** The blocks of a folder of Terraform files, by kind and labels. */
export interface TerraformFolder {
  readonly variable?: Readonly<Record<string, readonly Attributes[]>>;
  readonly output?: Readonly<Record<string, readonly Attributes[]>>;
  readonly module?: Readonly<Record<string, readonly Attributes[]>>;
  readonly provider?: Readonly<Record<string, readonly Attributes[]>>;
  readonly resource?: Readonly<Record<string, Readonly<Record<string, readonly Attributes[]>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, readonly Attributes[]>>>>;
  readonly locals?: readonly Attributes[];
}

interface Parser {
  parse(name: string, text: string): Promise<Record<string, unknown>>;
  getReferencesInExpression(name: string, expression: string): Promise<readonly { readonly value: string }[]>;
}

// The package's own types include those of browsers.
const parser = createRequire(import.meta.url)('@cdktn/hcl2json') as Parser;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merged(one: unknown, other: unknown): unknown {
  if (Array.isArray(one) && Array.isArray(other)) return [...(one as unknown[]), ...(other as unknown[])];
  if (!isObject(one) || !isObject(other)) return other ?? one;
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(names.map((name) => [name, merged(one[name], other[name])]));
}

/** The blocks of a file below the root. Throws with line and column for invalid HCL. */
export function parseHcl(path: string): Promise<Readonly<Record<string, unknown>>> {
  return parser.parse(path, textOf(path));
}

/** Parses every .tf file of a folder below the root. Throws with line and column for invalid HCL. */
export async function terraformFolder(folder: string): Promise<TerraformFolder> {
  const names = readdirSync(`${root}${folder}`).filter((name) => name.endsWith('.tf'));
  const files = await Promise.all(names.map((name) => parseHcl(`${folder}/${name}`)));
  return files.reduce<unknown>(merged, {}) as TerraformFolder;
}

function expressionsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.includes('${') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(expressionsIn);
}

/** The references in the expressions of a folder: `var.name`, `local.name`, `module.name.output`, `type.name`, …. */
export async function referencesIn(folder: TerraformFolder): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    expressionsIn(folder).map((expression) => parser.getReferencesInExpression('reference', expression)),
  );
  return new Set(found.flat().map(({ value }) => value));
}
