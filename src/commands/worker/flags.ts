import type { Command } from 'commander';
import type { Context } from '../../cli/context.ts';
import { budgetOverrides, overridesOf } from '../../cli/flags.ts';
import { checkQueueUrl, isEmbedded, resultsUrl } from '../../cli/fleet/fleet-queues.ts';
import type { Override } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { knownNames } from '../../domain/closest-name.ts';
import { UsageError } from '../../domain/errors.ts';

export interface WorkerFlags {
  readonly region?: string;
  readonly concurrency?: string;
  readonly exitWhenIdle?: string;
  readonly healthHost?: string;
  readonly healthPort?: string;
  readonly drainTimeout?: string;
  readonly timeout?: string;
  readonly maxAttempts?: string;
  readonly budget?: string;
  readonly label?: string;
  readonly allowFastPolling?: true;
}

/** Declares the flags of `captcha worker`. */
export function declareWorkerFlags(command: Command): Command {
  return command
    .option('--region <name>', 'region whose queue the worker serves (or WORKER_REGION)')
    .option('--concurrency <n>', 'number of concurrent tasks, or auto (default: auto; config: worker.concurrency)')
    .option('--exit-when-idle <duration>', 'exit after being idle for this long (config: worker.exitWhenIdle)')
    .option('--health-port <port>', 'port of /health, /livez, /readyz and /metrics (config: worker.healthPort)')
    .option('--health-host <host>', 'address that the health port listens on (config: worker.healthHost)')
    .option(
      '--drain-timeout <duration>',
      'how long to wait for running tasks on shutdown (config: worker.drainTimeout)',
    )
    .option('--timeout <duration>', 'time limit for each task (default: 300s; config: solve.timeout)')
    .option('--max-attempts <n>', 'maximum number of submissions per task (default: 3; config: retry.maxAttempts)')
    .option('--budget <rate>', 'replace the retry budget: 10/s is a bucket of 10 tokens, refilled with 10 per second')
    .option('--label <name>', 'whose submissions these are, for the limits and the audit (or CAPTCHA_LABEL)')
    .option('--allow-fast-polling', 'poll faster than the service advises; it may block the account');
}

const paths = {
  concurrency: 'worker.concurrency',
  exitWhenIdle: 'worker.exitWhenIdle',
  healthPort: 'worker.healthPort',
  healthHost: 'worker.healthHost',
  drainTimeout: 'worker.drainTimeout',
  timeout: 'solve.timeout',
  maxAttempts: 'retry.maxAttempts',
};

/** What the flags of `captcha worker` say about the configuration. */
export function overridesOfWorker(flags: WorkerFlags): readonly Override[] {
  const { concurrency, exitWhenIdle, healthPort, healthHost, drainTimeout, timeout, maxAttempts } = flags;
  const written = { concurrency, exitWhenIdle, healthPort, healthHost, drainTimeout, timeout, maxAttempts };
  return [...overridesOf(written, paths), ...budgetOverrides(flags.budget)];
}

/** What a worker works on. */
export interface WorkPlace {
  readonly region: string;
  readonly queueUrl: string;
  readonly resultsUrl: string;
  /** Address of the health endpoint. */
  readonly health: { readonly host: string; readonly port: number };
}

function regionOf(flags: WorkerFlags, { regions, routes }: Config, { env, globals }: Context): string {
  // The environment names regions of one's own. The sandbox needs no flag.
  const named = flags.region ?? (globals.sandbox ? (routes.default ?? undefined) : env['WORKER_REGION']);
  const names = regions.map(({ name }) => name);
  const [only] = names;
  if (named === undefined || named === '') {
    if (names.length === 1 && only !== undefined) return only;
    throw new UsageError(
      'no region given: use --region NAME or WORKER_REGION',
      names.length === 0 ? 'no regions are configured' : `configured regions: ${names.join(', ')}`,
    );
  }
  if (names.length === 0 || names.includes(named)) return named;
  throw new UsageError(`--region ${named}: unknown region`, knownNames(named, names));
}

/** The queues of a worker. Throws `UsageError` if they are not set or exist only in this process. */
export function workPlaceOf(flags: WorkerFlags, config: Config, context: Context): WorkPlace {
  const { env, globals } = context;
  const region = regionOf(flags, config, context);
  const named = globals.sandbox ? '' : (env['TASK_QUEUE'] ?? '');
  const queueUrl = named === '' ? config.regions.find(({ name }) => name === region)?.queue : named;
  if (queueUrl === null || queueUrl === undefined) {
    throw new UsageError(
      `region ${region} has no queue`,
      'set regions[].queue or TASK_QUEUE, for example redis://redis:6379/0',
    );
  }
  if (!/^(sqs|rediss?):\/\/\S/.test(queueUrl) && !isEmbedded(queueUrl)) {
    throw new UsageError('TASK_QUEUE is not a queue URL', 'write sqs://NAME, redis://HOST:PORT/DB or rediss://...');
  }
  if (isEmbedded(queueUrl) && !globals.sandbox)
    throw new UsageError(
      `the queue of ${region} is memory:, which exists only inside one process`,
      'use captcha batch --via queues, which runs dispatcher and workers in one process',
    );
  const results = resultsUrl(config);
  checkQueueUrl(queueUrl, region, env);
  checkQueueUrl(results, null, env);
  const { healthHost: host, healthPort: port } = config.worker;
  return { region, queueUrl, resultsUrl: results, health: { host, port } };
}
