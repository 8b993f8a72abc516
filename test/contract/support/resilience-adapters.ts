import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { RedisBucket } from '../../../src/adapters/redis/budget-bucket.ts';
import { hostNowMs } from '../../../src/adapters/state/host-clock.ts';
import { HostLog } from '../../../src/adapters/state/host-log.ts';
import { systemClock } from '../../../src/adapters/system/system-clock.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { ProcessBreaker } from '../../../src/core/resilience/circuit-breaker.ts';
import { FleetResilience } from '../../../src/core/resilience/fleet-resilience.ts';
import { HostResilience } from '../../../src/core/resilience/host-resilience.ts';
import type { StateReply, StateCommand, ResilienceOptions } from '../../../src/core/resilience/resilience-state.ts';
import { ProcessRetryBudget } from '../../../src/core/resilience/retry-budget.ts';
import type { Breaker, RetryBudget } from '../../../src/ports/state.ts';
import type { Clock } from '../../../src/ports/system.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { hasRedis, RedisServer } from './redis-server.ts';

/** A budget and a breaker, their clock, and one view of them per process. */
export interface Protections {
  readonly views: readonly { readonly budget: RetryBudget; readonly breaker: Breaker }[];
  readonly pass: (ms: number) => Promise<void>;
}

const random = { next: () => 0 };
const warn = (message: string): never => {
  throw new Error(message);
};

function inProcess({ budget, breaker }: ResilienceOptions): Protections {
  const clock = new VirtualClock();
  const view = {
    budget: new ProcessRetryBudget(budget, { clock }),
    breaker: new ProcessBreaker(breaker, { clock, random }),
  };
  return { views: [view, view], pass: (ms) => clock.advance(ms) };
}

function inMemory(options: ResilienceOptions): Protections {
  const clock = new VirtualClock();
  const nowMs = (): number => clock.nowMs();
  const log = new MemoryLog<StateCommand, StateReply>(nowMs);
  const views = ['a', 'b'].map((by) => {
    return new HostResilience(options, {
      openLog: (state) => log.open(by, state),
      ...{ nowMs, clock, random, warn },
    });
  });
  return { views, pass: (ms) => clock.advance(ms) };
}

/** What a test waits for by it is longer than a busy machine holds a process up. */
const realTime: { readonly nowMs: () => number; readonly clock: Clock } = { nowMs: hostNowMs, clock: systemClock };

function hostProtection(options: ResilienceOptions, folder: string): HostResilience {
  return new HostResilience(options, {
    openLog: (state) => new HostLog<StateCommand, StateReply>({ folder }, state),
    ...{ ...realTime, random, warn },
  });
}

/** Closes them at the end of the test, and removes their folders. */
function untilTestFinished(views: readonly { close(): void | Promise<void> }[], folders: readonly string[]): void {
  onTestFinished(async () => {
    for (const view of views) await view.close();
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
}

const aFolder = (): string => mkdtempSync(join(tmpdir(), 'protection-'));

function onHost(options: ResilienceOptions): Protections {
  const folder = aFolder();
  const views = ['a', 'b'].map(() => hostProtection(options, folder));
  untilTestFinished(views, [folder]);
  return { views, pass: (ms) => systemClock.sleep(ms) };
}

const server = hasRedis ? await RedisServer.start({ durable: false }) : null;
afterAll(() => server?.stop());
let accounts = 0;

/** Two processes of a fleet, each in its host's folder. */
function inFleet(options: ResilienceOptions, folders: readonly [string, string]): Protections {
  const place = { url: server?.url() ?? '', baseUrl: 'https://example.com', accountId: `a${(accounts += 1)}` };
  const views = folders.map((folder) => {
    return new FleetResilience(options.budget, {
      host: hostProtection(options, folder),
      openBucket: async () => new RedisBucket(place, { clock: systemClock }),
      ...{ ...realTime, random, warn },
    });
  });
  untilTestFinished(views, [...new Set(folders)]);
  return { views, pass: (ms) => systemClock.sleep(ms) };
}

function onHostOfFleet(options: ResilienceOptions): Protections {
  const folder = aFolder();
  return inFleet(options, [folder, folder]);
}

type Implementation = readonly [name: string, start: (options: ResilienceOptions) => Protections];

const fleets: readonly Implementation[] = [
  ['of two hosts of a fleet', (options) => inFleet(options, [aFolder(), aFolder()])],
];

/** The implementations of the ports, by name. */
export const resilienceAdapters: readonly Implementation[] = [
  ['of one process', inProcess],
  ['of a log in memory', inMemory],
  ['of a host', onHost],
  ...(hasRedis ? [['of a host of a fleet', onHostOfFleet] as const] : []),
];

/** Implementations that share the budget, but not the breaker. */
export const budgets: readonly Implementation[] = [...resilienceAdapters, ...(hasRedis ? fleets : [])];
