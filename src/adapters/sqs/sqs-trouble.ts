import { LeaseLost } from '../../domain/lease-lost.ts';
import { QueueUnavailable } from '../../domain/queue-unavailable.ts';
import { UsageError } from '../../domain/usage-error.ts';
import type { SqsAddress } from './sqs-address.ts';

const hints: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'Create it, with a dead-letter queue (deploy/terraform does), or correct the name or the region.',
  CredentialsProviderError: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run it with a role.',
  AccessDenied: 'Allow the role to send, receive, delete and change the visibility of its messages.',
  AccessDeniedException: 'Allow the role to send, receive, delete and change the visibility of its messages.',
};

/** Does the work; what SQS or its client throws becomes a `UsageError` where a person can fix it, else `QueueUnavailable`. */
export async function guardSqs<T>({ name, region }: SqsAddress, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LeaseLost || error instanceof QueueUnavailable || error instanceof UsageError) throw error;
    if (!(error instanceof Error) || error instanceof RangeError) throw error;
    const message = `sqs://${name} in ${region}: ${error.message || error.name}`;
    const hint = hints[error.name.replace(/^.*\./, '')];
    throw hint === undefined ? new QueueUnavailable(message) : new UsageError(message, hint);
  }
}
