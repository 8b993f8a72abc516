import { describe, expect, it } from 'vitest';
import { LeasedMessage } from '../../../../src/adapters/queues/sqs/leased-message.ts';
import { SqsResultReader } from '../../../../src/adapters/queues/sqs/sqs-result-queue.ts';
import { VirtualClock } from '../../../../src/adapters/virtual/virtual-clock.ts';
import { QueueUnavailableError } from '../../../../src/domain/errors.ts';
import { aResult } from '../../../support/queued.ts';

const timing = { visibilityMs: 30_000, maxHoldMs: 3_600_000 };
const throttled = (): never => {
  throw new QueueUnavailableError('throttled');
};

/** A queue that delivers these messages once, and is unreachable for the given number of `delete` and `hold` calls. */
function aQueue({ bodies = [], away = 0 }: { bodies?: readonly string[]; away?: number }) {
  const calls: string[] = [];
  let left = away;
  const call = async (what: string): Promise<void> => {
    calls.push(what);
    left -= 1;
    if (left >= 0) throttled();
  };
  const messages = bodies.map((Body, index) => ({ Body, ReceiptHandle: String(index) }));
  return {
    calls,
    receive: async () => messages.splice(0),
    hold: (handle: string, seconds: number) => call(`hold ${handle} ${seconds}`),
    delete: (handle: string) => call(`delete ${handle}`),
  };
}

describe('a held message', () => {
  it('can be deleted in a second try, and is renewed until then', async () => {
    const clock = new VirtualClock();
    const queue = aQueue({ away: 1 });
    const message = new LeasedMessage({ ReceiptHandle: '0' }, { sinceMs: 0, timing }, { queue, clock });
    await expect(message.delete()).rejects.toBeInstanceOf(QueueUnavailableError);
    await clock.advance(25_000);
    expect(message.isHeld()).toBe(true);
    expect(await message.delete()).toBe(true);
    expect(queue.calls).toEqual(['delete 0', 'hold 0 30', 'hold 0 30', 'delete 0']);
    expect([message.isHeld(), await message.delete()]).toEqual([false, false]);
    await clock.run();
    expect(queue.calls).toHaveLength(4);
  });

  it('is not renewed while it is being released', async () => {
    const clock = new VirtualClock();
    const queue = aQueue({});
    const slow = {
      ...queue,
      hold: (handle: string, s: number) => clock.sleep(s === 0 ? 15_000 : 0).then(() => queue.hold(handle, s)),
    };
    const message = new LeasedMessage({ ReceiptHandle: '0' }, { sinceMs: 0, timing }, { queue: slow, clock });
    const releasing = message.release(0);
    await clock.run();
    expect([await releasing, queue.calls]).toEqual([true, ['hold 0 0']]);
  });
});

describe('results of several runs in one poll', () => {
  const receive = async (bodies: readonly string[], away = 0) => {
    const clock = new VirtualClock();
    const queue = aQueue({ bodies, away });
    const reader = new SqsResultReader('r1', timing, { queue, clock, tell: () => undefined });
    const leases = await reader.receive(10, 0, new AbortController().signal);
    await reader.close();
    return { results: leases.map(({ result }) => result), calls: queue.calls };
  };
  const ours = aResult(1, { run: 'r1' });

  it('reach their reader although those of others cannot be returned', async () => {
    const { results, calls } = await receive([JSON.stringify(ours), JSON.stringify(aResult(2, { run: 'r2' }))], 1);
    expect(results).toEqual([ours]);
    expect(calls).toEqual(['hold 1 1', 'hold 0 0']);
  });

  it.each(['', 'null', '{"run":1}', '{"run":'])('reach their reader although a message is %j', async (body) => {
    const { results, calls } = await receive([body, JSON.stringify(ours)]);
    expect(results).toEqual([ours]);
    expect(calls).toEqual(['hold 1 0']);
  });
});
