import type { PollTiming } from '../core/solve/poll-pacing.ts';
import { UsageError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { findMethod, knownMethods } from '../protocol/methods.ts';
import type { Config } from './schema.ts';

type PollingConfig = Pick<Config, 'polling'>;

/** How a task is polled: `polling.methods` over `polling` over what the protocol advises. */
export function methodTiming({ polling }: PollingConfig, task: Pick<Task, 'method' | 'params'>): PollTiming {
  const advice = findMethod(task.method, task.params);
  const own = polling.methods[task.method];
  const firstWait = own?.firstWaitMs ?? polling.firstWaitMs;
  return {
    firstWaitMs: firstWait === 'auto' ? null : firstWait,
    coldStartMs: advice.coldStartMs,
    intervalMs: own?.intervalMs ?? polling.intervalMs,
    lifetimeMs: advice.lifetimeMs,
  };
}

/** True for CaptchaAI's own hosts. */
export function isCaptchaAi(baseUrl: string): boolean {
  return /(^|\.)captchaai\.com\.?$/.test(new URL(baseUrl).hostname);
}

/** A wait that is shorter than some method's advice, and the config path that says so. */
interface Haste {
  readonly path: string;
  readonly waitMs: number;
  readonly adviceMs: number;
  readonly method: string;
}

function hasteOf(config: PollingConfig, method: string): readonly Haste[] {
  const { coldStartMs, intervalMs } = findMethod(method, {});
  const timing = methodTiming(config, { method, params: {} });
  const keys = [
    { key: 'firstWait', named: 'firstWaitMs', waitMs: timing.firstWaitMs ?? Infinity, adviceMs: coldStartMs[0] ?? 0 },
    { key: 'interval', named: 'intervalMs', waitMs: timing.intervalMs, adviceMs: intervalMs },
  ] as const;
  return keys.flatMap(({ key, named, waitMs, adviceMs }) => {
    if (waitMs >= adviceMs) return [];
    const own = (config.polling.methods[method]?.[named] ?? null) !== null;
    const path = own ? `polling.methods.${method}.${key}` : `polling.${key}`;
    return [{ path, waitMs, adviceMs, method }];
  });
}

/** For each path the most patient method that it hurries: the wait that satisfies it satisfies all. */
function worstByPath(hastes: readonly Haste[]): readonly Haste[] {
  const worst = new Map(hastes.toSorted((a, b) => a.adviceMs - b.adviceMs).map((haste) => [haste.path, haste]));
  return [...worst.values()];
}

/**
 * Throws `UsageError` where CaptchaAI would be polled sooner or more often than the protocol advises for any method:
 * services ban for it. Anything goes against other services, or where `allowFast` (the flag `--allow-fast-polling`).
 */
export function checkPolling(config: Pick<Config, 'api' | 'polling'>, allowFast: boolean): void {
  if (allowFast || !isCaptchaAi(config.api.baseUrl)) return;
  const methods = new Set([...knownMethods(), ...Object.keys(config.polling.methods)]);
  const hastes = worstByPath([...methods].flatMap((method) => hasteOf(config, method)));
  if (hastes.length === 0) return;
  const lines = hastes.map(
    ({ path, waitMs, adviceMs, method }) =>
      `  ${path}: ${waitMs / 1000}s is shorter than the ${adviceMs / 1000}s that CaptchaAI advises (for ${path === 'polling.interval' ? 'every method' : method})`,
  );
  throw new UsageError(
    ['polling is faster than CaptchaAI advises:', ...lines].join('\n'),
    'Set longer waits (firstWait: auto plans the first poll), or add --allow-fast-polling. The service may ban fast polling.',
  );
}
