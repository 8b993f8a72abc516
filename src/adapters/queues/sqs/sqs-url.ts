import { UsageError } from '../../../domain/errors.ts';
import { maskSecrets } from '../../../domain/mask-secrets.ts';

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
 * Parses `sqs://NAME?region=…&endpoint=…`. Without a region: the region of the tasks if it is a cloud region's name,
 * then AWS_REGION. Without an endpoint: AWS_ENDPOINT_URL_SQS, then AWS_ENDPOINT_URL. Throws `UsageError`.
 */
export function parseSqsUrl(url: string, tasksRegion: string | null, env: Environment): SqsAddress {
  const shown = maskSecrets(url);
  const { hostname: name, searchParams } = new URL(url);
  const unknown = [...searchParams.keys()].find((parameter) => !parameters.has(parameter));
  if (unknown !== undefined)
    throw new UsageError(`${shown}: unknown parameter ${unknown}`, 'Known parameters: region and endpoint.');
  if (!/^[\w-]{1,80}$/.test(name)) throw new UsageError(`${shown}: not the name of an SQS queue`, 'Write sqs://NAME.');
  const ofTasks = tasksRegion !== null && cloudRegion.test(tasksRegion) ? tasksRegion : null;
  const regions = [searchParams.get('region'), ofTasks, env['AWS_REGION'], env['AWS_DEFAULT_REGION']];
  const region = regions.find(isPresent);
  if (region === undefined) throw new UsageError(`${shown}: no AWS region`, `Write ${shown}?region=us-east-1.`);
  const endpoints = [searchParams.get('endpoint'), env['AWS_ENDPOINT_URL_SQS'], env['AWS_ENDPOINT_URL']];
  return { name, region, endpoint: endpoints.find(isPresent) ?? null };
}
