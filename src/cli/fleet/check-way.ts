import { UsageError } from '../../domain/usage-error.ts';

/** Throws `UsageError` for a `--via` that is no way. */
export function checkWay(via: string | undefined): void {
  if (via === undefined || via === 'direct' || via === 'queues') return;
  throw new UsageError(`--via ${via}: no such way`, 'it is direct (the default) or queues');
}
