import type { Config } from '../../config/schema.ts';
import { UsageError } from '../../domain/errors.ts';
import type { TaskLimits } from '../../domain/queued-task.ts';
import type { Random } from '../../ports/system.ts';
import { maxCarriedMs } from '../../protocol/queue-messages.ts';
import { hasWorkersElsewhere } from './fleet-queues.ts';

/** Flags of `solve` and `batch` that are about the work on tasks. */
export interface WorkFlags {
  readonly timeout?: string;
  readonly maxAttempts?: string;
  readonly budget?: string;
  readonly label?: string;
  readonly failFast?: true;
  readonly allowFastPolling?: true;
}

/** What goes with the tasks to their workers: what was said by flag, for `config` is of this machine. */
export function limitsOfFlags({ timeout, maxAttempts }: WorkFlags, { solve, retry }: Config): TaskLimits {
  return {
    ...(timeout !== undefined && { timeoutMs: solve.timeoutMs }),
    ...(maxAttempts !== undefined && { maxAttempts: retry.maxAttempts }),
  };
}

const ofWorkers = [
  [
    'budget',
    '--budget',
    'workers have their own budget: use captcha worker --budget, or set budget.* in their configuration',
  ],
  ['label', '--label', 'workers submit the tasks: use captcha worker --label'],
  ['allowFastPolling', '--allow-fast-polling', 'workers do the polling: use captcha worker --allow-fast-polling'],
] as const;

/** Throws `UsageError` for flags that no task can carry to its worker. */
export function checkWorkersFlags(flags: WorkFlags, config: Config): void {
  if (flags.failFast === true)
    throw refusal('--fail-fast', 'set budget.onExhausted: fail in the configuration of the workers');
  if (!hasWorkersElsewhere(config)) return;
  for (const [name, flag, hint] of ofWorkers) if (flags[name] !== undefined) throw refusal(flag, hint);
  const { timeoutMs = 0 } = limitsOfFlags(flags, config);
  if (timeoutMs > maxCarriedMs)
    throw refusal(`--timeout ${flags.timeout ?? ''}`, 'the maximum with --via queues is 1h');
}

function refusal(flag: string, hint: string): UsageError {
  return new UsageError(`${flag} cannot be used with --via queues`, hint);
}

/** The values of `--via`. */
export const executionModes: readonly string[] = ['direct', 'queues'];

/** Throws `UsageError` for an unknown `--via`. */
export function checkExecutionMode(via: string | undefined): void {
  if (via === undefined || executionModes.includes(via)) return;
  throw new UsageError(`--via ${via}: unknown mode`, 'use direct (default) or queues');
}

/** Random hex digits. */
export function randomHex(digits: number, random: Random): string {
  return Array.from({ length: digits }, () => Math.floor(random.next() * 16).toString(16)).join('');
}
