import { UsageError } from '../../domain/errors.ts';
import type { Result } from '../../domain/result.ts';

/** How bad a finding is. `skipped`: it could not be looked at, or there was nothing to look at. */
export type FindingStatus = 'ok' | 'warning' | 'failure' | 'skipped';

/** What a check says about its facts. Both texts may have several lines. */
export interface Finding {
  readonly status: FindingStatus;
  readonly found: string;
  /** The fix; null if there is nothing to do. */
  readonly fix: string | null;
}

export const ok = (found: string): Finding => ({ status: 'ok', found, fix: null });
export const warning = (found: string, fix: string): Finding => ({ status: 'warning', found, fix });
export const failure = (found: string, fix: string | null): Finding => ({ status: 'failure', found, fix });
/** `fix`: what would make it worth looking. */
export const skipped = (found: string, fix: string | null = null): Finding => ({ status: 'skipped', found, fix });

const worstFirst: readonly FindingStatus[] = ['failure', 'warning', 'ok', 'skipped'];

const lines = (texts: readonly (string | null)[]): string =>
  [...new Set(texts.filter((text) => text !== null))].join('\n');

/** Several findings of one check as one: as bad as the worst, with all that was found and every fix. */
export function combined(findings: readonly Finding[]): Finding {
  const status = worstFirst.find((each) => findings.some((finding) => finding.status === each)) ?? 'ok';
  const fix = lines(findings.map((finding) => finding.fix));
  return { status, found: lines(findings.map(({ found }) => found)), fix: fix === '' ? null : fix };
}

/** What is checked, in order, by what it is about. */
export const checkGroups = {
  configuration: ['config', 'key', 'policy'],
  service: ['proxy', 'api', 'latency', 'clock', 'account'],
  machine: ['node', 'state-folder', 'disk-space', 'retry-budget'],
  regions: ['regions', 'region-health', 'routes', 'queues'],
} as const;

export type CheckGroup = keyof typeof checkGroups;
export type CheckName = (typeof checkGroups)[CheckGroup][number];

/** What one check found. */
export interface CheckReport extends Finding {
  readonly check: CheckName;
}

/** Every check, in order. */
export const checkNames: readonly CheckName[] = Object.values(checkGroups).flat();

/** A usage error as a value. */
export interface Problem {
  readonly message: string;
  readonly hint: string | null;
}

/** What `work` answers, or the usage error that it ended in; every other error is thrown on. */
export async function orProblem<T>(work: () => T | Promise<T>): Promise<Result<T, Problem>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { error: { message: error.message, hint: error.hint } };
  }
}
