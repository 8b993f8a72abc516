import type { BatchFiles } from '../../cli/batch-files.ts';
import type { Context } from '../../cli/context.ts';
import { single } from '../../cli/metrics/metric-table.ts';
import { prometheusContentType, renderPrometheusText } from '../../cli/metrics/prometheus-text.ts';
import { type MeasuredRun, measureRun } from '../../cli/metrics/run-metrics.ts';
import { UsageError } from '../../domain/errors.ts';

/** Where `--metrics` puts the metrics: into a file, or on a port of this machine. */
export type MetricsTarget = { readonly file: string } | { readonly port: number };

/** Reads `--metrics FILE|:PORT`; null if it was not given. Throws `UsageError`. */
export function metricsTargetOf(text: string | undefined): MetricsTarget | null {
  if (text === undefined) return null;
  const port = /^:(\d{1,5})$/.exec(text)?.[1];
  if (port !== undefined && Number(port) < 65_536) return { port: Number(port) };
  if (text === '-' || text === '' || text.startsWith(':')) {
    throw new UsageError(
      `--metrics ${text}: neither a file nor a port`,
      'for example --metrics captcha-batch.prom, or --metrics :9400 (0: any free port)',
    );
  }
  return { file: text };
}

/** How often the file is replaced, in ms: more often than Prometheus usually reads it. */
const writeEveryMs = 5_000;
const path = '/metrics';

/** Replaces the file until it is stopped. The last metrics stay in it. */
async function startFile(file: string, render: () => string, files: BatchFiles, { clock, terminal }: Context) {
  const ended = new AbortController();
  let isWarned = false;
  const tryWrite = async (): Promise<void> => {
    try {
      await files.writeMetrics(file, render());
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!isWarned) terminal.note(`warning: the metrics cannot be written: ${error.message}`);
      isWarned = true;
    }
  };
  // A file that cannot be written is an error while nothing was sent. Later the tasks are more important.
  await files.writeMetrics(file, render());
  const repeat = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(writeEveryMs, ended.signal);
      await tryWrite();
      if (ended.signal.aborted) return;
    }
  };
  const writing = repeat();
  return async (): Promise<void> => {
    ended.abort();
    await writing;
  };
}

async function startServer(port: number, render: () => string, { healthServer, terminal }: Context) {
  const named = { what: '--metrics', fix: 'use another port (0: any free port)' };
  const server = await healthServer({ host: '127.0.0.1', port, named }, (asked) =>
    asked === path ? { status: 200, contentType: prometheusContentType, body: render() } : null,
  );
  terminal.note(`metrics: ${server.url}${path}`, { fields: { metrics: `${server.url}${path}` } });
  return (): Promise<void> => server.close();
}

export interface BatchMetricsRequest {
  readonly target: MetricsTarget;
  readonly files: BatchFiles;
  readonly run: Omit<MeasuredRun, 'command'>;
  /** Number of tasks of this run; null if not known yet. */
  readonly total: number | null;
}

/** Makes the metrics of a run readable. Returns what ends that. */
export function startBatchMetrics(
  { target, files, run, total }: BatchMetricsRequest,
  context: Context,
): Promise<() => Promise<void>> {
  const measured = measureRun({ command: 'batch', ...run }, context);
  const ofBatch = single('captcha_batch_tasks', total, { command: 'batch' });
  const render = (): string => renderPrometheusText([...measured(), ofBatch]);
  return 'file' in target ? startFile(target.file, render, files, context) : startServer(target.port, render, context);
}
