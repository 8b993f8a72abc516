import type { Override } from '../../config/load.ts';
import { budgetOverrides, overridesOf } from '../flags.ts';
import type { BatchFlags } from './batch-flags.ts';

/** What the flags of `captcha batch` say about the configuration. */
export function overridesOfBatch(flags: BatchFlags): readonly Override[] {
  const { timeout, maxAttempts, concurrency, maxFailures, budget } = flags;
  const paths = {
    timeout: 'solve.timeout',
    maxAttempts: 'retry.maxAttempts',
    concurrency: 'batch.concurrency',
    maxFailures: 'batch.maxFailures',
  };
  return [...overridesOf({ timeout, maxAttempts, concurrency, maxFailures }, paths), ...budgetOverrides(budget)];
}
