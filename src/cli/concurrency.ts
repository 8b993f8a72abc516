import { ProviderFault } from '../domain/fault.ts';
import type { Context, SolveSession } from './context.ts';

/** What the service asks for after it had no thread, in ms; the embedded one has one sooner. */
const defaultThreadWaitMs = 5_000;
const sandboxThreadWaitMs = 100;
const unknownThreads = { start: 10, max: 1_000 };

/** How long a task waits for a thread before it asks again, in ms. */
export function threadWaitMsOf({ globals }: Pick<Context, 'globals'>): number {
  return globals.sandbox ? sandboxThreadWaitMs : defaultThreadWaitMs;
}

/** How many tasks may be in work at once: as configured, or as the account has threads. */
export async function concurrencyOf(
  configured: number | 'auto',
  { api }: SolveSession,
): Promise<{ start: number; max: number }> {
  if (configured !== 'auto') return { start: configured, max: configured };
  try {
    const { threads, workingThreads } = await api.threads();
    return threads > 0 ? { start: Math.max(1, threads - workingThreads), max: threads } : unknownThreads;
  } catch (error) {
    if (!(error instanceof ProviderFault)) throw error;
    // Not every service of the protocol tells; then the limit finds its way.
    return unknownThreads;
  }
}
