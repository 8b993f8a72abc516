import type { SolverOptions } from '../../src/core/solve/solver.ts';
import { describeFault, type Fault } from '../../src/domain/fault.ts';
import type { Task } from '../../src/domain/task.ts';

/** A turnstile task, with these differences. */
export function aTask(special: Partial<Task> = {}): Task {
  const pageurl = 'https://example.com/login';
  const usual = {
    taskId: 't1',
    method: 'turnstile',
    sitekey: '0x4',
    pageurl,
    body: null,
    params: {},
    region: null,
    rule: null,
  };
  return { ...usual, ...special };
}

/** Tasks t1, t2 and so on. */
export function someTasks(count: number): Task[] {
  return Array.from({ length: count }, (_, index) => aTask({ taskId: `t${index + 1}` }));
}

/** A reset connection, with these differences. */
export function aFault(special: Partial<Fault> = {}): Fault {
  return describeFault({ kind: 'transport', message: 'connection reset', ...special });
}

/** Five minutes, three attempts, full jitter from 1 s to 30 s, no wait for the budget. */
export function someOptions(special: Partial<SolverOptions> = {}): SolverOptions {
  return {
    timeoutMs: 300_000,
    limits: { maxAttempts: 3, maxUnsolvable: 3 },
    backoff: { strategy: 'full-jitter', baseDelayMs: 1_000, maxDelayMs: 30_000 },
    onExhausted: 'fail',
    ...special,
  };
}
