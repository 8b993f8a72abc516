import type { QueuedTask } from '../../domain/queued-task.ts';
import type { TaskQueue } from '../../ports/queues.ts';
import type { Context } from '../context.ts';

/** How many tasks `--sandbox` puts into the queue of a region, besides one dead letter. */
const taskCount = 20;

/** Task ids are the same in every process: an id that one command printed works in the next. */
function taskOf(region: string, number: number, enqueuedAt: number): QueuedTask {
  const hex = Buffer.from(`${region} ${number}`).toString('hex').slice(-32);
  const fixed = { method: 'turnstile', sitekey: '0x4AAAAAAASANDBOX', body: null, params: {} };
  const task = { taskId: `${region}-${number}`, pageurl: `https://example.com/${number}`, ...fixed };
  return {
    ...{ run: 'sandbox', key: hex.padStart(32, '0'), enqueuedAt, progress: { state: 'new' } },
    ...{ task: { ...task, region, rule: 'chosen' }, homeRegion: region, strict: false },
  };
}

/** Puts tasks and a dead letter into the queue of a region, once: queues of `--sandbox` are empty at the start. */
export async function fillSandboxQueue(region: string, queue: TaskQueue, { clock }: Context): Promise<void> {
  const now = clock.timestamp();
  const { fresh } = await queue.send([taskOf(region, 0, now)]);
  if (fresh.size === 0) return;
  const [lease] = await queue.receive(1, 0, new AbortController().signal);
  await lease?.deadLetter('an example of the sandbox, not a failure');
  await queue.send(Array.from({ length: taskCount }, (_, index) => taskOf(region, index + 1, now)));
}

/** Says what the sandbox has put where. */
export function noteSandboxTasks(where: string, { terminal }: Context): void {
  terminal.note(`sandbox: ${taskCount} tasks and a dead letter in ${where}, for this command only`);
}
