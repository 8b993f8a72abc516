import { configSchema } from './schema.ts';
import type { Setting } from './schema/values.ts';

/** A key that has no keys of its own. */
export interface Leaf {
  /** Such as `solve.timeout`. */
  readonly path: string;
  readonly setting: Setting<unknown>;
  /** As a file would say it. */
  readonly fallback: unknown;
}

/** The parts of a schema that its shape is read from. */
type Node = Setting<unknown> & {
  readonly entries?: Readonly<Record<string, Node>>;
  readonly wrapped?: Node;
  readonly default?: unknown;
};

function keysOf(node: Node): Readonly<Record<string, Node>> | null {
  return node.entries ?? (node.wrapped === undefined ? null : keysOf(node.wrapped));
}

function leavesUnder(path: string, node: Node): readonly Leaf[] {
  const keys = keysOf(node);
  if (keys === null) return [{ path, setting: node, fallback: node.default }];
  return Object.entries(keys).flatMap(([name, inner]) => leavesUnder(path === '' ? name : `${path}.${name}`, inner));
}

/** Every key that can be set, in the schema's order; lists and maps are one key each. */
export function settingLeaves(): readonly Leaf[] {
  return leavesUnder('', configSchema);
}
