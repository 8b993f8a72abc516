import type { MethodSolveTimes } from '../../cli/context.ts';
import { formatMs } from '../../cli/format.ts';
import { renderTable } from '../../cli/table.ts';
import { solveTimeAt } from '../../core/solve/solve-times.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';

/** What was learnt of solve times, as `captcha budget --solve-times --json` prints it. */
export interface SolveTimesReport {
  /** Who shares them. */
  readonly scope: 'host' | 'process';
  readonly baseUrl: string;
  readonly methods: readonly {
    readonly method: string;
    /** Solved tasks that are remembered, at most 64. */
    readonly count: number;
    /** From the submission until the task was solved, in ms, as far as its polls tell. */
    readonly p50Ms: number;
    readonly p95Ms: number;
    /** When the next task is polled, in ms since its submission; then each `polling.interval`. */
    readonly pollsAtMs: readonly number[];
  }[];
}

/** `learnt`: null where every process keeps its own. */
export function solveTimesReport(learnt: readonly MethodSolveTimes[] | null, baseUrl: string): SolveTimesReport {
  const at = (samples: MethodSolveTimes['samples'], share: number): number =>
    Math.round(solveTimeAt(samples, share) ?? 0);
  const methods = (learnt ?? []).map(({ method, samples, planMs }) => ({
    method,
    count: samples.length,
    p50Ms: at(samples, 0.5),
    p95Ms: at(samples, 0.95),
    pollsAtMs: planMs.map(Math.round),
  }));
  return {
    scope: learnt === null ? 'process' : 'host',
    baseUrl: maskSecrets(baseUrl),
    methods: methods.toSorted((a, b) => (a.method < b.method ? -1 : 1)),
  };
}

/** Maximum number of polls in the table. */
const shownPolls = 6;

function polls(pollsAtMs: readonly number[]): string {
  const more = pollsAtMs.length > shownPolls ? ', …' : '';
  return `${pollsAtMs.slice(0, shownPolls).map(formatMs).join(', ')}${more}`;
}

/** The report for a person. */
export function renderSolveTimes({ methods }: SolveTimesReport, columns: number | null): string {
  const rows = methods.map(({ method, count, p50Ms, p95Ms, pollsAtMs }) => [
    ...[method, String(count), formatMs(p50Ms), formatMs(p95Ms)],
    polls(pollsAtMs),
  ]);
  return renderTable(['method', 'solved', 'p50', 'p95', 'polls after'], rows, columns);
}
