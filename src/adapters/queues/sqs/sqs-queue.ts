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
import { LeaseLostError, QueueUnavailableError, UsageError } from '../../../domain/errors.ts';
import type { Clock } from '../../../ports/system.ts';
import type { SqsAddress } from './sqs-url.ts';

const hints: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'Create the queue with a dead-letter queue (see deploy/terraform), or correct its name or region.',
  CredentialsProviderError: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run with an IAM role.',
  AccessDenied: 'Allow the role to send, receive, delete and change the visibility of its messages.',
  AccessDeniedException: 'Allow the role to send, receive, delete and change the visibility of its messages.',
};

/**
 * Runs the work. Errors of SQS or its client become `UsageError` if the user can fix them, otherwise
 * `QueueUnavailableError`.
 */
async function guardSqs<T>({ name, region }: SqsAddress, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LeaseLostError || error instanceof QueueUnavailableError || error instanceof UsageError)
      throw error;
    if (!(error instanceof Error) || error instanceof RangeError) throw error;
    const reason = error.message || error.name;
    const message = `sqs://${name} in ${region}: ${reason}`;
    const hint = hints[error.name.replace(/^.*\./, '')];
    throw hint === undefined ? new QueueUnavailableError(message, reason) : new UsageError(message, hint);
  }
}

const maxPerReceive = 10;
/** SQS limits of a batch: entries, and bytes with a margin for the data around the bodies. */
const maxEntries = 10;
const maxBytes = 1_000_000;
/** Wait for further entries, in ms: a batch of ten costs as much as one entry, and a task takes seconds. */
const lingerMs = 5;
const maxPollMs = 20_000;
const connectionTimeoutMs = 5_000;
const requestTimeoutMs = 15_000;

interface Outgoing {
  readonly body: string;
  readonly delayS: number;
}

interface Visibility {
  readonly handle: string;
  readonly seconds: number;
}

export interface QueueCounts {
  readonly waiting: number;
  readonly inFlight: number;
  /** ARN of the dead-letter queue; null without one. */
  readonly deadLetterArn: string | null;
}

function openClient({ region, endpoint }: SqsAddress, requestTimeout: number): SQSClient {
  return new SQSClient({
    region,
    requestHandler: { connectionTimeout: connectionTimeoutMs, requestTimeout },
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

  constructor(address: SqsAddress, { clock }: { clock: Clock }) {
    this.address = address;
    this.#acting = openClient(address, requestTimeoutMs);
    this.#receiving = openClient(address, maxPollMs + requestTimeoutMs);
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

  send(body: string, delayMs = 0): Promise<void> {
    const delayS = Math.ceil(Math.min(delayMs, maxDelayMs) / 1_000);
    return guardSqs(this.address, () => this.#sends.add({ body, delayS }));
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
    const Entries = outgoing.map(({ body, delayS }, index) => ({
      Id: String(index),
      MessageBody: body,
      DelaySeconds: delayS,
    }));
    const { Failed } = await this.#acting.send(new SendMessageBatchCommand({ QueueUrl: await this.url(), Entries }));
    return refusalsOf(outgoing.length, Failed);
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
