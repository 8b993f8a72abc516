import { ProcessBreaker } from '../../src/core/resilience/circuit-breaker.ts';
import { HostResilience } from '../../src/core/resilience/host-resilience.ts';
import type { StateReply, StateCommand } from '../../src/core/resilience/resilience-state.ts';
import { ProcessRetryAfterGate } from '../../src/core/resilience/retry-after-gate.ts';
import { ProcessRetryBudget } from '../../src/core/resilience/retry-budget.ts';
import type { Breaker, Permit, RetryAfterGate, RetryBudget } from '../../src/ports/state.ts';
import type { Awaitable, Clock } from '../../src/ports/system.ts';
import type { SeededGenerator } from '../support/seeded-generator.ts';
import { MemoryLog } from '../support/memory-log.ts';
import type { CrashingProcess } from '../support/crashing-process.ts';
import type { TaskRun, Ledger, PassTaken } from './ledger.ts';
import type { ProtectionSchedule } from './schedule.ts';

/** One process's view of the protection that keeps the retries of all processes from becoming a storm. */
export interface Guard {
  readonly budget: RetryBudget;
  readonly breaker: Breaker;
  readonly retryAfterGate: RetryAfterGate;
}

/** Joins a process with its own clock. Each way of sharing is an implementation of this. */
export type OpenGuard = (process: CrashingProcess, clock: Clock) => Guard;

interface GuardParts {
  readonly clock: Clock;
  readonly generator: SeededGenerator;
}

const ways: Record<ProtectionSchedule['sharing'], (options: ProtectionSchedule, parts: GuardParts) => OpenGuard> = {
  object: ({ budget, breaker }, { clock, generator }) => {
    const guard = {
      budget: new ProcessRetryBudget(budget, { clock }),
      breaker: new ProcessBreaker(breaker, { clock, random: generator }),
      retryAfterGate: new ProcessRetryAfterGate({ clock }),
    };
    return () => guard;
  },
  log: (options, { clock: host, generator: random }) => {
    const log = new MemoryLog<StateCommand, StateReply>(() => host.nowMs());
    const warn = (message: string): never => {
      throw new Error(message);
    };
    return (process, clock) => {
      void process.killed.then(() => log.gone.add(process.name));
      const openLog = log.open.bind(log, process.name);
      return new HostResilience(options, { openLog, nowMs: () => host.nowMs(), clock, random, warn });
    };
  },
};

/** The state that all processes of a host share. */
export function guardOf(options: ProtectionSchedule, parts: GuardParts): OpenGuard {
  return ways[options.sharing](options, parts);
}

interface WatchParts {
  readonly process: CrashingProcess;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly generator: SeededGenerator;
  /** Maximum time of an answer, in ms. */
  readonly answerMs: number;
}

/**
 * The guard as one task uses it: the process may end before and after every answer, and the ledger records every
 * permit.
 */
export function watched({ budget, breaker, retryAfterGate }: Guard, taskRun: TaskRun, parts: WatchParts): Guard {
  const { process, ledger, clock, generator, answerMs } = parts;
  const taken = new Map<Permit, PassTaken>();
  const ask = <T>(question: () => Awaitable<T>): Promise<T> =>
    process.take(async () => {
      const answer = await question();
      if (answerMs > 0) await clock.sleep(generator.between(0, answerMs));
      return answer;
    });
  const note = (type: 'taken' | 'given-back', pass: PassTaken, verdict: string | null): unknown =>
    ledger.passes.push({ type, pass, verdict, atMs: clock.nowMs() });
  return {
    retryAfterGate: {
      extend: (ms) => ask(() => retryAfterGate.extend(ms)),
      leftMs: () => ask(() => retryAfterGate.leftMs()),
    },
    budget: {
      deposit: () => ask(() => budget.deposit()),
      tryWithdraw: (request) => ask(() => budget.tryWithdraw(request)),
    },
    breaker: {
      tryAcquire: async () => {
        const admission = await ask(async () => {
          const answer = await breaker.tryAcquire();
          if (!answer.admitted) return answer;
          const pass = {
            taskRun,
            isProbe: answer.permit.probe,
            isTrial: answer.permit.ticket !== undefined,
            takenMs: clock.nowMs(),
            isGivenBack: false,
          };
          taken.set(answer.permit, pass);
          note('taken', pass, null);
          return answer;
        });
        if (admission.admitted) taskRun.pass = taken.get(admission.permit) ?? null;
        return admission;
      },
      record: (pass, verdict) =>
        ask(() => {
          const known = taken.get(pass);
          if (known === undefined || known.isGivenBack) ledger.violate(`${process.name} gives a pass back twice`);
          else {
            known.isGivenBack = true;
            note('given-back', known, verdict);
          }
          return breaker.record(pass, verdict);
        }),
    },
  };
}
