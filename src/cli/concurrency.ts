import { type ConcurrencyDeps, ConcurrencyLimit } from '../core/batch/concurrency-limit.ts';
import { ProviderFault } from '../domain/fault.ts';
import type { Threads } from '../ports/api.ts';
import type { Context, SolveSession } from './context.ts';

/** How many threads are taken to be there, and the most, if the service does not tell. */
const unknownThreads = { start: 10, max: 1_000 };
/** Tasks in work are in memory; no account has as many threads as this. */
const maxTasks = 100_000;

/** The threads of the account; null if the service does not tell. */
async function threadsOf({ api }: Pick<SolveSession, 'api'>): Promise<Threads | null> {
  try {
    const threads = await api.threads();
    return threads.threads > 0 ? threads : null;
  } catch (error) {
    if (!(error instanceof ProviderFault)) throw error;
    return null;
  }
}

/**
 * Keeps the threads of the account busy. A configured number is the most tasks in work; `auto` leaves that to the number of
 * threads.
 */
export async function createConcurrencyLimit(
  configured: number | 'auto',
  session: Pick<SolveSession, 'api' | 'solvedShares' | 'usage'>,
  { clock, random }: Pick<Context, 'clock' | 'random'>,
): Promise<ConcurrencyLimit> {
  const known = await threadsOf(session);
  const limit = limitOf(configured, known, { clock, random, shares: session.solvedShares }, session);
  session.usage?.watch(limit);
  return limit;
}

function limitOf(
  configured: number | 'auto',
  known: Threads | null,
  deps: ConcurrencyDeps,
  session: Pick<SolveSession, 'api'>,
): ConcurrencyLimit {
  if (known === null) {
    const options = configured === 'auto' ? unknownThreads : { start: configured, max: configured };
    return new ConcurrencyLimit(options, deps);
  }
  const max = configured === 'auto' ? maxTasks : configured;
  return new ConcurrencyLimit({ start: max, max, known }, { ...deps, readThreads: () => threadsOf(session) });
}
