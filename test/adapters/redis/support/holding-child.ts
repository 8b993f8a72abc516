import { writeSync } from 'node:fs';
import { BullTaskQueue } from '../../../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { systemClock } from '../../../../src/adapters/system/system-clock.ts';

/**
 * `holding-child.mjs URL REGION`: takes one task, saves an id in it, reports that, and holds it; on SIGCONT it reports
 * what it may still do.
 */
const [, , url = '', region = ''] = process.argv;
const timing = { leaseMs: 2_000, stalledMs: 1_000, maxHoldMs: 3_600_000 };
const queue = new BullTaskQueue({ url, region, timing }, { clock: systemClock, state: null });
const say = (line: string): void => void writeSync(1, `${line}\n`);

const [lease] = await queue.receive(1, 20_000, new AbortController().signal);
if (lease === undefined) throw new Error('there was no task');
await lease.save({ state: 'submitted', attempts: 1, captchaId: '777', submittedAt: 5 });
process.on('SIGCONT', () => {
  const inDoubt = { state: 'in-doubt', attempts: 2 } as const;
  lease.save(inDoubt).then(
    () => say('saved'),
    (error: unknown) => say(error instanceof Error ? error.name : 'unknown'),
  );
  void lease.ack().then((isDone) => say(isDone ? 'acknowledged' : 'not mine'));
});
say('holding');
