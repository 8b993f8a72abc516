import type { Config } from '../../config/schema.ts';
import { knownNames } from '../../domain/closest-name.ts';
import { UsageError } from '../../domain/usage-error.ts';
import { checkWay } from '../fleet/check-way.ts';
import type { BatchFiles } from './batch-files.ts';
import type { BatchFlags } from './batch-flags.ts';

function checkRegion(region: string, { regions }: Config): void {
  const names = regions.map(({ name }) => name);
  if (names.includes(region)) return;
  const hint = names.length === 0 ? 'no regions are configured' : knownNames(region, names);
  throw new UsageError(`--region ${region}: no such region`, hint);
}

/** Every file has one part to play: whoever names one twice would lose it. */
async function checkPlaces({ file, out, errors, journal }: BatchFlags, files: BatchFiles): Promise<void> {
  const taken = new Map<string, string>();
  const places = { 'the input': file, '--out': out, '--errors': errors, '--journal': journal };
  for (const [what, path] of Object.entries(places)) {
    const name = path === undefined || path === '-' ? null : await files.realNameOf(path);
    if (name === null) continue;
    const before = taken.get(name);
    if (before !== undefined) throw new UsageError(`${what} ${path} is ${before} too`, 'give each a file of its own');
    taken.set(name, what);
  }
}

/** What cannot be written is told of by its flag, before anything is. */
async function checkWritable({ out, errors }: BatchFlags, files: BatchFiles): Promise<void> {
  for (const [flag, path] of Object.entries({ '--out': out, '--errors': errors })) {
    if (path !== undefined && path !== '-') await files.checkWritable(flag, path);
  }
}

/** What a dispatcher cannot do for those who work elsewhere. */
function checkQueued({ maxSubmissions, leaveInDoubt }: BatchFlags): void {
  if (maxSubmissions !== undefined) {
    throw new UsageError('--max-submissions: cannot go with --via queues', 'bound the tasks with --limit');
  }
  if (leaveInDoubt === true) {
    throw new UsageError(
      '--leave-in-doubt: cannot go with --via queues',
      'leave it out: workers submit again and say so',
    );
  }
}

/** Throws `UsageError` for flags that do not go together, before anything is opened. */
export async function checkFlags(flags: BatchFlags, config: Config, files: BatchFiles): Promise<void> {
  const { via, region, fresh } = flags;
  checkWay(via);
  if (via === 'queues') checkQueued(flags);
  if (flags.export === true && fresh === true) {
    throw new UsageError('--export reads the journal, and --fresh begins a new one', 'leave one of them out');
  }
  if (flags.errors === '-') throw new UsageError('--errors - : it must be a file', 'left out, they go to stderr');
  if (region !== undefined) checkRegion(region, config);
  await checkPlaces(flags, files);
  await checkWritable(flags, files);
}
