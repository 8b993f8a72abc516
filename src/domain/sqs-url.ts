import { UsageError } from './errors.ts';
import { maskSecrets } from './mask-secrets.ts';
import type { Result } from './result.ts';

/** The address of an SQS queue. */
export interface SqsAddress {
  readonly name: string;
  /** The cloud region: a client of another region does not find the queue. */
  readonly region: string;
  /** Endpoint of an emulator; null for AWS. */
  readonly endpoint: string | null;
}

const cloudRegion = /^[a-z]{2}(?:-[a-z]+)+-\d$/;
const parameters: ReadonlySet<string> = new Set(['region', 'endpoint']);

type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as unset. */
function isPresent(value: string | null | undefined): value is string {
  return value !== null && value !== undefined && value !== '';
}

/**
 * Reads `sqs://NAME?region=…&endpoint=…`. Without a region: the region of the tasks if it is a cloud region's name,
 * then AWS_REGION. Without an endpoint: AWS_ENDPOINT_URL_SQS, then AWS_ENDPOINT_URL. The error is a phrase with the fix.
 */
export function readSqsUrl(url: string, tasksRegion: string | null, env: Environment): Result<SqsAddress, string> {
  if (!URL.canParse(url)) return { error: 'is not the URL of an SQS queue: write sqs://NAME' };
  const { hostname: name, searchParams, username } = new URL(url);
  const unknown = [...searchParams.keys()].find((parameter) => !parameters.has(parameter));
  if (unknown !== undefined) return { error: `unknown parameter ${unknown}; known parameters: region and endpoint` };
  if (name.endsWith('.fifo')) return { error: 'is a FIFO queue: use a standard queue' };
  if (username !== '' || !/^[\w-]{1,80}$/.test(name))
    return { error: 'not the name of an SQS queue: write sqs://NAME' };
  const ofTasks = tasksRegion !== null && cloudRegion.test(tasksRegion) ? tasksRegion : null;
  const regions = [searchParams.get('region'), ofTasks, env['AWS_REGION'], env['AWS_DEFAULT_REGION']];
  const region = regions.find(isPresent);
  if (region === undefined) return { error: `no AWS region: write sqs://${name}?region=us-east-1, or set AWS_REGION` };
  const endpoints = [searchParams.get('endpoint'), env['AWS_ENDPOINT_URL_SQS'], env['AWS_ENDPOINT_URL']];
  return { value: { name, region, endpoint: endpoints.find(isPresent) ?? null } };
}

/** The same, but throws `UsageError`. */
export function parseSqsUrl(url: string, tasksRegion: string | null, env: Environment): SqsAddress {
  const read = readSqsUrl(url, tasksRegion, env);
  if ('error' in read) throw new UsageError(`${maskSecrets(url)}: ${read.error}`);
  return read.value;
}
