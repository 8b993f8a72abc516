import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { hostNowMs } from '../../../src/adapters/host/host-clock.ts';
import { HostLog } from '../../../src/adapters/host/host-log.ts';
import { systemClock } from '../../../src/adapters/system/system-clock.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { ProcessBreaker } from '../../../src/core/health/process-breaker.ts';
import type {
  ProtectionAnswer,
  ProtectionEntry,
  ProtectionOptions,
} from '../../../src/core/health/protection-state.ts';
import { SharedProtection } from '../../../src/core/health/shared-protection.ts';
import { ProcessRetryBudget } from '../../../src/core/retry/process-retry-budget.ts';
import type { Breaker } from '../../../src/ports/breaker.ts';
import type { RetryBudget } from '../../../src/ports/retry-budget.ts';
import { MemoryLog } from '../../support/memory-log.ts';

/** A budget and a breaker, how time passes for them, and as many views of them as there are processes. */
export interface Protections {
  readonly views: readonly { readonly budget: RetryBudget; readonly breaker: Breaker }[];
  readonly pass: (ms: number) => Promise<void>;
}

const random = { next: () => 0 };
const warn = (message: string): never => {
  throw new Error(message);
};

function inProcess({ budget, breaker }: ProtectionOptions): Protections {
  const clock = new VirtualClock();
  const view = {
    budget: new ProcessRetryBudget(budget, { clock }),
    breaker: new ProcessBreaker(breaker, { clock, random }),
  };
  return { views: [view, view], pass: (ms) => clock.advance(ms) };
}

function inMemory(options: ProtectionOptions): Protections {
  const clock = new VirtualClock();
  const nowMs = (): number => clock.nowMs();
  const log = new MemoryLog<ProtectionEntry, ProtectionAnswer>(nowMs);
  const views = ['a', 'b'].map((by) => {
    return new SharedProtection(options, {
      openLog: (state) => log.open(by, state),
      ...{ nowMs, clock, random, warn },
    });
  });
  return { views, pass: (ms) => clock.advance(ms) };
}

function onHost(options: ProtectionOptions): Protections {
  const folder = mkdtempSync(join(tmpdir(), 'protection-'));
  const views = ['a', 'b'].map(() => {
    return new SharedProtection(options, {
      openLog: (state) => new HostLog<ProtectionEntry, ProtectionAnswer>({ folder }, state),
      ...{ nowMs: hostNowMs, clock: systemClock, random, warn },
    });
  });
  onTestFinished(() => {
    for (const view of views) view.close();
    rmSync(folder, { recursive: true });
  });
  return { views, pass: (ms) => systemClock.sleep(ms) };
}

/** What implements the ports, by name. */
export const protections: readonly [name: string, start: (options: ProtectionOptions) => Protections][] = [
  ['of one process', inProcess],
  ['of a log in memory', inMemory],
  ['of a host', onHost],
];
