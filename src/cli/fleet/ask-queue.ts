import { maskSecrets } from '../../domain/mask-secrets.ts';
import { QueueUnavailable } from '../../domain/queue-unavailable.ts';
import { within } from '../../domain/within.ts';
import type { Clock } from '../../ports/clock.ts';

/** A little longer than the engines are patient themselves, since they can say why. */
const patienceMs = 6_000;

/** What a queue answers to somebody who waits in person. Throws `QueueUnavailable` where that takes too long. */
export async function askQueue<T>(url: string, ask: () => Promise<T>, clock: Clock): Promise<T> {
  const answered = ask().then((value) => ({ value }));
  const answer = await within(answered, { ms: patienceMs }, clock);
  if (answer === null) throw new QueueUnavailable(`${maskSecrets(url)}: no answer within ${patienceMs / 1_000}s`);
  return answer.value;
}
