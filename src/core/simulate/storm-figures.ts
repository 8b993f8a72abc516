import type { StormCourse, StormScenario } from './storm.ts';
import type { TrafficSecond } from './traffic.ts';

/** What one run came to. */
export interface StormFigures {
  /** Submissions and polls. */
  readonly requests: number;
  readonly submissions: number;
  readonly submissionsInOutage: number;
  /** Submissions per task. */
  readonly amplification: number;
  readonly peakRequestsPerSecond: number;
  /** From the end of the outage until as many tasks are in work as usual; null where that never happened. */
  readonly recoveryMs: number | null;
  readonly solved: number;
  /** Tasks that were given up. */
  readonly failed: number;
  /** Of the tasks that ended, 0..1. */
  readonly successRatio: number;
  /** Submissions that the service did not accept. */
  readonly wastedSubmissions: number;
}

/** As usual: so many of the tasks that were in work before the outage, for so many seconds in a row. */
const usual = { share: 0.9, seconds: 10 };
/** The usual is an average over the seconds before the outage. */
const usualOverSeconds = 30;

type Seconds = readonly Readonly<TrafficSecond>[];

const sumOf = (seconds: Seconds, of: (second: TrafficSecond) => number): number =>
  seconds.reduce((sum, second) => sum + of(second), 0);

function recoveryMs(seconds: Seconds, { fromMs, toMs }: { fromMs: number; toMs: number }): number | null {
  const [from, to] = [Math.floor(fromMs / 1_000), Math.ceil(toMs / 1_000)];
  const before = seconds.slice(Math.max(0, from - usualOverSeconds), from);
  const enough = (usual.share * sumOf(before, ({ inWork }) => inWork)) / Math.max(1, before.length);
  const isUsual = (_: unknown, at: number): boolean =>
    at >= to && seconds.slice(at, at + usual.seconds).every(({ inWork }) => inWork >= enough);
  const at = seconds.findIndex(isUsual);
  return at < 0 ? null : at * 1_000 - toMs;
}

/** Counts up what happened. */
export function figuresOf({ seconds, tasks, solved, failed }: StormCourse, { service }: StormScenario): StormFigures {
  const { outage } = service;
  const submissions = sumOf(seconds, (second) => second.submissions);
  const isInOutage = (_: unknown, at: number): boolean =>
    outage !== null && at * 1_000 >= outage.fromMs && at * 1_000 < outage.toMs;
  return {
    requests: submissions + sumOf(seconds, ({ polls }) => polls),
    submissions,
    submissionsInOutage: sumOf(seconds.filter(isInOutage), (second) => second.submissions),
    amplification: tasks === 0 ? 0 : submissions / tasks,
    peakRequestsPerSecond: seconds.reduce((peak, second) => Math.max(peak, second.submissions + second.polls), 0),
    recoveryMs: outage === null ? null : recoveryMs(seconds, outage),
    solved,
    failed,
    successRatio: solved + failed === 0 ? 0 : solved / (solved + failed),
    wastedSubmissions: submissions - sumOf(seconds, ({ accepted }) => accepted),
  };
}
