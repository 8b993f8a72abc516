import type { BatchFiles, NamedFile } from '../../cli/batch-files.ts';
import { formatByEnding } from '../../cli/flags.ts';
import { checkExecutionMode } from '../../cli/fleet/queued-flags.ts';
import type { Config } from '../../config/schema.ts';
import { knownNames } from '../../domain/closest-name.ts';
import { UsageError } from '../../domain/errors.ts';
import type { BatchFlags } from './flags.ts';
import { metricsTargetOf } from './metrics.ts';
import { journalNameOf } from './open-batch-run.ts';

function checkRegion(region: string, { regions }: Config): void {
  const names = regions.map(({ name }) => name);
  if (names.includes(region)) return;
  const hint = names.length === 0 ? 'no regions are configured' : knownNames(region, names);
  throw new UsageError(`--region ${region}: unknown region`, hint);
}

/** The file of `--metrics`; null for none. */
function metricsFileOf({ metrics }: BatchFlags): string | null {
  const target = metricsTargetOf(metrics);
  return target !== null && 'file' in target ? target.file : null;
}

/** Every file of a run, read or written, including default paths. */
async function filesOf(request: FlagsToCheck): Promise<readonly NamedFile[]> {
  const { flags, isSandbox, files, reads } = request;
  const { file, out, errors, journal } = flags;
  const metrics = metricsFileOf(flags);
  const named: readonly NamedFile[] = [
    { what: 'the input', path: file, use: 'read' },
    ...(out === undefined ? [] : [{ what: '--out', path: out, use: 'output' } as const]),
    ...(errors === undefined ? [] : [{ what: '--errors', path: errors, use: 'output' } as const]),
    ...(metrics === null ? [] : [{ what: '--metrics', path: metrics, use: 'output' } as const]),
    ...reads.map(({ what, path }) => ({ what, path, use: 'read' }) as const),
  ];
  const path = await journalNameOf(flags, isSandbox, files);
  if (path === null) return named;
  return [...named, { what: journal === undefined ? 'the journal' : '--journal', path, use: 'journal' }];
}

/** Refuses outputs that cannot be written, before anything starts, and names the flag. */
async function checkWritable(flags: BatchFlags, files: BatchFiles): Promise<void> {
  const { out, errors } = flags;
  const metrics = metricsFileOf(flags) ?? undefined;
  if (metrics !== undefined && (await files.isStream(metrics)))
    throw new UsageError(`--metrics ${metrics}: not a regular file`, 'name a file that can be replaced');
  for (const [flag, path] of Object.entries({ '--out': out, '--errors': errors, '--metrics': metrics })) {
    if (path !== undefined && path !== '-') await files.checkWritable(flag, path);
  }
}

/** Refuses an ending of `--errors` that is no format. The content of an existing file is checked first, on opening. */
async function checkEnding({ errors }: BatchFlags, files: BatchFiles): Promise<void> {
  if (errors !== undefined && !(await files.exists(errors))) formatByEnding('--errors', errors, '');
}

/** What a queue client cannot do for those who work elsewhere. */
function checkQueued({ maxSubmissions, leaveInDoubt }: BatchFlags): void {
  if (maxSubmissions !== undefined) {
    throw new UsageError(
      '--max-submissions cannot be used with --via queues',
      'use --limit to bound the number of tasks',
    );
  }
  if (leaveInDoubt === true) {
    throw new UsageError(
      '--leave-in-doubt cannot be used with --via queues',
      'omit it: workers resubmit such tasks and mark them possibly charged',
    );
  }
}

export interface FlagsToCheck {
  readonly flags: BatchFlags;
  readonly isSandbox: boolean;
  readonly files: BatchFiles;
  /** What else the run reads, such as the config file. */
  readonly reads: readonly { readonly what: string; readonly path: string }[];
}

/** Throws `UsageError` for flags that do not go together, before anything is opened. */
export async function checkFlags(request: FlagsToCheck, config: Config): Promise<void> {
  const { flags, files } = request;
  const { via, region, fresh } = flags;
  checkExecutionMode(via);
  if (via === 'queues') checkQueued(flags);
  if (flags.export === true && fresh === true) {
    throw new UsageError(
      '--export and --fresh cannot be used together: --fresh renames the journal that --export reads',
      'omit one of them',
    );
  }
  if (flags.errors === '-')
    throw new UsageError(
      '--errors -: standard output is not allowed',
      'name a file; without --errors, invalid rows are listed on stderr',
    );
  if (region !== undefined) checkRegion(region, config);
  await files.checkDistinct(await filesOf(request));
  await checkWritable(flags, files);
  await checkEnding(flags, files);
}
