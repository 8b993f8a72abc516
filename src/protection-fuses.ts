import { HostLog } from './adapters/host/host-log.ts';
import { hostNowMs } from './adapters/host/host-clock.ts';
import { logFolderOf } from './adapters/host/log-folder.ts';
import { systemClock as clock } from './adapters/system/system-clock.ts';
import { systemRandom as random } from './adapters/system/system-random.ts';
import type { Config } from './config/schema.ts';
import { ProcessBreaker } from './core/health/process-breaker.ts';
import type { ProtectionAnswer, ProtectionEntry, ProtectionOptions } from './core/health/protection-state.ts';
import { SharedProtection } from './core/health/shared-protection.ts';
import { ProcessRetryBudget } from './core/retry/process-retry-budget.ts';
import { UsageError } from './domain/usage-error.ts';
import type { Breaker } from './ports/breaker.ts';
import type { QuietTime } from './ports/quiet-time.ts';
import type { RetryBudget } from './ports/retry-budget.ts';
import { stateFolderOf } from './state-folder.ts';

/** What keeps retries from becoming a storm. */
export interface Protection {
  readonly budget: RetryBudget;
  readonly breaker: Breaker;
  /** Left out where every solver keeps its own. */
  readonly quiet?: QuietTime;
  close(): void;
}

export interface ProtectionParts {
  readonly accountId: string;
  readonly env: NodeJS.ProcessEnv;
  readonly warn: (message: string) => void;
}

/** The settings that a configuration asks for. */
export function protectionOptions({ api, budget, breaker }: Config): ProtectionOptions {
  const { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst } = budget;
  // Where no rule opens the breaker, nothing is waited for either.
  const byRatio = breaker.failureRatio === null ? null : breaker.minimumThroughput;
  const unprovenLimit = breaker.consecutiveFailures ?? byRatio;
  return {
    budget: { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst },
    breaker: { ...breaker, probeLeaseMs: 2 * api.timeoutMs, ...(unprovenLimit !== null && { unprovenLimit }) },
  };
}

/** Where the processes of this user share what they know about an API and account. */
export function hostLogFolder({ api }: Config, { accountId, env }: Pick<ProtectionParts, 'accountId' | 'env'>): string {
  return logFolderOf({ stateFolder: stateFolderOf(env).path, baseUrl: api.baseUrl, accountId });
}

/** The retry budget and the breaker that a configuration asks for. A log is opened when it is first needed. */
export function protectionOf(config: Config, parts: ProtectionParts): Protection {
  const options = protectionOptions(config);
  if (config.budget.scope === 'process') {
    return {
      budget: new ProcessRetryBudget(options.budget, { clock }),
      breaker: new ProcessBreaker(options.breaker, { clock, random }),
      close: () => undefined,
    };
  }
  if (config.budget.scope !== 'host') {
    throw new UsageError('budget.scope: this version has no fleet scope', 'it is process or host');
  }
  return new SharedProtection(options, {
    openLog: (state) => new HostLog<ProtectionEntry, ProtectionAnswer>({ folder: hostLogFolder(config, parts) }, state),
    nowMs: hostNowMs,
    clock,
    random,
    warn: parts.warn,
  });
}
