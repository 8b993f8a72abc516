import type { Message } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { MessagePolls, type Polled } from '../../../../src/adapters/queues/sqs/message-polls.ts';
import { VirtualClock } from '../../../../src/adapters/virtual/virtual-clock.ts';

const timing = { visibilityMs: 18_000, maxHoldMs: 3_600_000 };
const never = new AbortController().signal;
const bodies = async ({ messages }: Polled): Promise<readonly string[]> => messages.map(({ Body = '' }) => Body);

interface Answer {
  /** Null if the poll continues until it is aborted. */
  readonly afterMs: number | null;
  readonly messages?: readonly Message[];
}

/** A queue with these answers to its polls in order; the last one is repeated. */
function aQueue(...answers: readonly Answer[]) {
  const clock = new VirtualClock();
  const [polls, calls]: [number[], string[]] = [[], []];
  const queue = {
    receive: async (_most: number, { waitMs, signal }: { waitMs: number; signal: AbortSignal }) => {
      const { afterMs, messages = [] } = answers[Math.min(polls.length, answers.length - 1)]!;
      polls.push(waitMs);
      await clock.sleep(afterMs ?? Infinity, signal);
      if (!signal.aborted) return [...messages];
      calls.push(`ended at ${clock.nowMs()}`);
      throw new Error('aborted');
    },
    hold: async (handle: string, seconds: number) => void calls.push(`hold ${handle} ${seconds}`),
  };
  return { clock, polls, calls, messagePolls: new MessagePolls(timing, { queue, clock }) };
}

const aMessage = { Body: 'a', ReceiptHandle: '7' };

describe('waiting for messages', () => {
  it.each([
    ['once, where the answer comes in time', [{ afterMs: 10_003 }], [10_000], 10_003],
    ['once, where it comes a moment early', [{ afterMs: 9_900 }], [10_000], 10_000],
    ['again, where it comes too early', [{ afterMs: 4_000 }, { afterMs: 5_800 }], [10_000, 5_800], 10_000],
    ['once, where there is no time to wait', [{ afterMs: 3 }], [0], 3],
  ] as const)('asks %s', async (_how, answers, expected, endsAtMs) => {
    const { clock, polls, messagePolls } = aQueue(...answers);
    const receiving = messagePolls.receive({ most: 1, waitMs: expected[0], signal: never }, bodies);
    const ended = receiving.then((received) => ({ received, atMs: clock.nowMs() }));
    await clock.run();
    expect(await ended).toEqual({ received: [], atMs: endsAtMs });
    expect(polls).toEqual(expected);
  });

  it('continues if no arrived message is usable', async () => {
    const { clock, messagePolls } = aQueue({ afterMs: 100, messages: [aMessage] });
    let useCount = 0;
    const useLast = async (polled: Polled) => ((useCount += 1) === 3 ? bodies(polled) : []);
    const receiving = messagePolls.receive({ most: 1, waitMs: 10_000, signal: never }, useLast);
    await clock.run();
    expect(await receiving).toEqual(['a']);
  });
});

describe('cancelled polls', () => {
  const callOff = async (answer: Answer) => {
    const queue = aQueue(answer);
    const stop = new AbortController();
    const receiving = queue.messagePolls.receive({ most: 1, waitMs: 10_000, signal: stop.signal }, bodies);
    await queue.clock.advance(100);
    stop.abort();
    expect(await receiving).toEqual([]);
    return queue;
  };
  const closedAt = async ({ clock, messagePolls }: ReturnType<typeof aQueue>) => {
    const closed = messagePolls.close().then(() => clock.nowMs());
    await clock.run();
    return closed;
  };

  it('return their messages while the queue is open', async () => {
    const { clock, calls } = await callOff({ afterMs: 5_000, messages: [aMessage] });
    await clock.run();
    expect(calls).toEqual(['hold 7 0']);
  });

  it('return their messages in the moment after close', async () => {
    const queue = await callOff({ afterMs: 300, messages: [aMessage] });
    expect(await closedAt(queue)).toBe(300);
    expect(queue.calls).toEqual(['hold 7 0']);
  });

  it('are aborted when that moment is over', async () => {
    const queue = await callOff({ afterMs: null });
    expect(await closedAt(queue)).toBe(1_100);
    expect(queue.calls).toEqual(['ended at 1100']);
  });

  it('are not awaited after they have ended', async () => {
    const queue = await callOff({ afterMs: 300 });
    await queue.clock.advance(400);
    expect(await closedAt(queue)).toBe(500);
  });
});

it('do not include a poll that is still awaited: close aborts it at once', async () => {
  const { clock, calls, messagePolls } = aQueue({ afterMs: null });
  const receiving = messagePolls.receive({ most: 1, waitMs: 10_000, signal: never }, bodies);
  await messagePolls.close();
  await expect(receiving).rejects.toThrow('aborted');
  expect([clock.nowMs(), calls]).toEqual([0, ['ended at 0']]);
});
