import type * as v from 'valibot';

/** Something wrong in a configuration. */
export interface ConfigProblem {
  /** As a person writes it: `regions[0].name`; empty for the whole. */
  readonly path: string;
  /** What is wrong, following the path and a colon. */
  readonly problem: string;
  /** The file that says so, where it may not be the one whose value is in effect. */
  readonly from?: string;
}

function pathText(names: readonly unknown[]): string {
  const joined = names.map((name) => (typeof name === 'number' ? `[${name}]` : `.${String(name)}`)).join('');
  return joined.replace(/^\./, '');
}

/** The problems that a schema found, at most one for each path. */
export function problemsOf(issues: readonly v.BaseIssue<unknown>[]): readonly ConfigProblem[] {
  const byPath = new Map<string, ConfigProblem>();
  for (const { path: names, message } of issues) {
    const path = pathText(names?.map(({ key }) => key) ?? []);
    if (!byPath.has(path)) byPath.set(path, { path, problem: message });
  }
  return [...byPath.values()];
}
