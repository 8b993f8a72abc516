import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Batcher } from '../../../domain/batcher.ts';
import { LeaseLostError, QueueUnavailableError, TaskRefusedError, UsageError } from '../../../domain/errors.ts';
import type { Clock } from '../../../ports/system.ts';
import type { SqsAddress } from '../../../domain/sqs-url.ts';
import { type SocketLookup, socketLookup } from '../../http/host-lookup.ts';

const hints: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'Create the queue with a dead-letter queue (see deploy/terraform), or correct its name or region.',
  CredentialsProviderError: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run with an IAM role.',
  AccessDenied: 'Allow the role to send, receive, delete and change the visibility of its messages.',
  AccessDeniedException: 'Allow the role to send, receive, delete and change the visibility of its messages.',
};

const known = [LeaseLostError, QueueUnavailableError, TaskRefusedError, UsageError];

/** The plain name of an error of SQS, such as `QueueDoesNotExist`. */
const nameOf = (error: Error): string => error.name.replace(/^.*\./, '');

/**
 * Runs the work. Errors of SQS or its client become `UsageError` if the user can fix them, otherwise
 * `QueueUnavailableError`.
 */
async function guardSqs<T>({ name, region }: SqsAddress, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (known.some((kind) => error instanceof kind)) throw error;
    if (!(error instanceof Error) || error instanceof RangeError) throw error;
    const reason = error.message || error.name;
    const message = `sqs://${name} in ${region}: ${reason}`;
    const hint = hints[nameOf(error)];
    throw hint === undefined ? new QueueUnavailableError(message, reason) : new UsageError(message, hint);
  }
}

const maxPerReceive = 10;
/** SQS limits of a batch: entries, and bytes with a margin for the data around the bodies. */
const maxEntries = 10;
const maxBytes = 1_000_000;
/** Above this size of a message, the limit of the queue is asked for; it may be set as low as this. */
const unquestionedBytes = 200_000;
const defaultMaxBytes = 1_048_576;
/** What a message may gain in its queue: progress, or the reason for which it is a dead letter. */
const reservedBytes = 1_024;
/** A message that SQS refuses with one of these will always be refused. */
const permanent = /(InvalidMessageContents|InvalidParameterValue|TooLong|UnsupportedOperation)$/;

/** Wait for further entries, in ms: a batch of ten costs as much as one entry, and a task takes seconds. */
const lingerMs = 5;
const maxPollMs = 20_000;
const connectionTimeoutMs = 5_000;
const requestTimeoutMs = 15_000;

interface Outgoing {
  readonly body: string;
  readonly delayS: number;
  /** Why the message is a dead letter; null if it is none. */
  readonly reason: string | null;
}

/** Name of the message attribute with the reason of a dead letter. */
export const reasonAttribute = 'reason';

interface Visibility {
  readonly handle: string;
  readonly seconds: number;
}

export interface QueueCounts {
  readonly waiting: number;
  readonly inFlight: number;
  /** ARN of the dead-letter queue; null without one. */
  readonly deadLetterArn: string | null;
  /** Maximum size of a message. */
  readonly maxBytes: number;
}

function openClient({ region, endpoint }: SqsAddress, requestTimeout: number, lookup: SocketLookup): SQSClient {
  return new SQSClient({
    region,
    requestHandler: { connectionTimeout: connectionTimeoutMs, requestTimeout, httpAgent: lookup, httpsAgent: lookup },
    // By default the client sends requests to the queue URL's host, which does not exist with an emulator.
    ...(endpoint !== null && { endpoint, useQueueUrlAsEndpoint: false }),
  });
}

/** Why an entry of a batch was refused. */
type Refusal = Error | undefined;

function refusalsOf(count: number, failed: readonly BatchResultErrorEntry[] = []): readonly Refusal[] {
  const refusals: Refusal[] = Array.from({ length: count }, () => undefined);
  for (const { Id, Code, Message } of failed)
    refusals[Number(Id)] = new Error(`${Code ?? 'refused'}: ${Message ?? ''}`);
  return refusals;
}

/** The number of messages that fit into one batch by size. */
function fittingBodies(outgoing: readonly Outgoing[]): number {
  let bytes = 0;
  const overflowing = outgoing.findIndex(({ body }, index) => {
    bytes += Buffer.byteLength(body);
    return index > 0 && bytes > maxBytes;
  });
  return overflowing === -1 ? outgoing.length : overflowing;
}

/** Maximum delay of a message in SQS. */
const maxDelayMs = 900_000;

/**
 * One SQS queue. Calls are batched, and failures are reported per entry. Receiving uses its own client, because every
 * long poll occupies a socket.
 */
export class SqsQueue {
  readonly address: SqsAddress;
  readonly #acting: SQSClient;
  readonly #receiving: SQSClient;
  readonly #sends: Batcher<Outgoing, undefined>;
  readonly #deletes: Batcher<string, undefined>;
  readonly #visibilities: Batcher<Visibility, undefined>;
  #url: Promise<string> | null = null;

  constructor(address: SqsAddress, { clock, lookup = socketLookup() }: { clock: Clock; lookup?: SocketLookup }) {
    this.address = address;
    this.#acting = openClient(address, requestTimeoutMs, lookup);
    this.#receiving = openClient(address, maxPollMs + requestTimeoutMs, lookup);
    const gathering = {
      schedule: (flush: () => Promise<void>) => void clock.sleep(lingerMs).then(flush),
      fullCount: maxEntries,
    };
    this.#sends = new Batcher({
      send: (entries) => this.#sendBatch(entries),
      countFitting: fittingBodies,
      ...gathering,
    });
    this.#deletes = new Batcher({ send: (entries) => this.#deleteBatch(entries), ...gathering });
    this.#visibilities = new Batcher({ send: (entries) => this.#changeBatch(entries), ...gathering });
  }

  /** Throws `TaskRefusedError` if the queue refuses the message for what it contains, for example for its size. */
  send(body: string, { delayMs = 0, reason = null }: { delayMs?: number; reason?: string | null } = {}): Promise<void> {
    const delayS = Math.ceil(Math.min(delayMs, maxDelayMs) / 1_000);
    return guardSqs(this.address, () => this.#sends.add({ body, delayS, reason }));
  }

  /** The same for a task that is new: it must also fit when its progress is added. */
  async sendNew(body: string): Promise<void> {
    const bytes = Buffer.byteLength(body) + reservedBytes;
    if (bytes > unquestionedBytes) {
      const { maxBytes: limit } = await this.counts();
      if (bytes > limit) throw this.#refusal(`its message of ${bytes} bytes is above the limit of ${limit} bytes`);
    }
    await this.send(body);
  }

  delete(handle: string): Promise<void> {
    return guardSqs(this.address, () => this.#deletes.add(handle));
  }

  /** Hides the message for `seconds` from now; 0 returns it to the queue. */
  hold(handle: string, seconds: number): Promise<void> {
    return guardSqs(this.address, () => this.#visibilities.add({ handle, seconds }));
  }

  /** Returns at most ten messages, even if `most` is larger. */
  receive(most: number, request: { waitMs: number; visibilityS: number; signal: AbortSignal }): Promise<Message[]> {
    return guardSqs(this.address, async () => {
      const command = new ReceiveMessageCommand({
        QueueUrl: await this.url(),
        MaxNumberOfMessages: Math.min(most, maxPerReceive),
        WaitTimeSeconds: Math.round(Math.min(request.waitMs, maxPollMs) / 1_000),
        VisibilityTimeout: request.visibilityS,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        MessageAttributeNames: [reasonAttribute],
      });
      const { Messages } = await this.#receiving.send(command, { abortSignal: request.signal });
      return Messages ?? [];
    });
  }

  counts(): Promise<QueueCounts> {
    return guardSqs(this.address, async () => {
      const { Attributes = {} } = await this.#acting.send(
        new GetQueueAttributesCommand({ QueueUrl: await this.url(), AttributeNames: ['All'] }),
      );
      const count = (name: keyof typeof Attributes): number => Number(Attributes[name] ?? 0);
      const redrive = Attributes.RedrivePolicy;
      const policy = (redrive === undefined ? {} : JSON.parse(redrive)) as { deadLetterTargetArn?: string };
      return {
        waiting: count('ApproximateNumberOfMessages') + count('ApproximateNumberOfMessagesDelayed'),
        inFlight: count('ApproximateNumberOfMessagesNotVisible'),
        deadLetterArn: policy.deadLetterTargetArn ?? null,
        maxBytes: Number(Attributes.MaximumMessageSize ?? defaultMaxBytes),
      };
    });
  }

  /** Cached, unless the request failed. */
  url(): Promise<string> {
    this.#url ??= this.#acting
      .send(new GetQueueUrlCommand({ QueueName: this.address.name }))
      .then(({ QueueUrl }) => QueueUrl ?? '');
    this.#url.catch(() => {
      this.#url = null;
    });
    return this.#url;
  }

  close(): void {
    this.#acting.destroy();
    this.#receiving.destroy();
  }

  async #sendBatch(outgoing: readonly Outgoing[]): Promise<readonly Refusal[]> {
    const Entries = outgoing.map(({ body, delayS, reason }, index) => ({
      Id: String(index),
      MessageBody: body,
      DelaySeconds: delayS,
      ...(reason !== null && {
        MessageAttributes: { [reasonAttribute]: { DataType: 'String', StringValue: reason } },
      }),
    }));
    try {
      const { Failed = [] } = await this.#acting.send(
        new SendMessageBatchCommand({ QueueUrl: await this.url(), Entries }),
      );
      const refusals = [...refusalsOf(outgoing.length, Failed)];
      for (const { Id, Code = '', Message = '' } of Failed)
        if (permanent.test(Code)) refusals[Number(Id)] = this.#refusal(`${Code}: ${Message}`);
      return refusals;
    } catch (error) {
      if (!(error instanceof Error) || !permanent.test(nameOf(error))) throw error;
      // One message must not take the others with it.
      if (outgoing.length > 1) return (await Promise.all(outgoing.map((each) => this.#sendBatch([each])))).flat();
      return [this.#refusal(`${nameOf(error)}: ${error.message}`)];
    }
  }

  #refusal(why: string): TaskRefusedError {
    const { name, region } = this.address;
    const fix = 'make the image smaller, use --via direct, or use a Redis queue for this region';
    return new TaskRefusedError(`sqs://${name} in ${region} does not take the task: ${why}; ${fix}`);
  }

  async #deleteBatch(handles: readonly string[]): Promise<readonly Refusal[]> {
    const Entries = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    const { Failed } = await this.#acting.send(new DeleteMessageBatchCommand({ QueueUrl: await this.url(), Entries }));
    return refusalsOf(handles.length, Failed);
  }

  async #changeBatch(changes: readonly Visibility[]): Promise<readonly Refusal[]> {
    const Entries = changes.map(({ handle, seconds }, index) => ({
      Id: String(index),
      ReceiptHandle: handle,
      VisibilityTimeout: seconds,
    }));
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: await this.url(), Entries });
    const { Failed } = await this.#acting.send(command);
    return refusalsOf(changes.length, Failed);
  }
}

/** Characters that XML does not allow, and lone surrogates, which some emulators reject; JSON escapes the rest. */
const escaped = /[\uD800-\uDFFF\uFFFE\uFFFF]/g;

/** Encodes a value as a message body. */
export function encodeMessage(value: object): string {
  return JSON.stringify(value).replace(escaped, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}
