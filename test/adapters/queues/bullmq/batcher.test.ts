import { describe, expect, it } from 'vitest';
import { Batcher } from '../../../../src/adapters/queues/bullmq/batcher.ts';

/** Doubles what it is asked, and remembers every request. */
function aDoubling(): { perTurn: Batcher<number, number>; requests: [string, readonly number[]][] } {
  const requests: [string, readonly number[]][] = [];
  const perTurn = new Batcher<number, number>((group, entries) => {
    requests.push([group, entries]);
    if (group === 'away') return Promise.reject(new Error('away'));
    return Promise.resolve(entries.map((entry) => 2 * entry));
  });
  return { perTurn, requests };
}

describe('what is asked for within one turn', () => {
  it('goes out in one request per group, and everybody gets the own answer', async () => {
    const { perTurn, requests } = aDoubling();
    const answers = await Promise.all([perTurn.ask('a', 1), perTurn.ask('b', 10), perTurn.ask('a', 2)]);
    expect(answers).toEqual([2, 20, 4]);
    expect(requests).toEqual([
      ['a', [1, 2]],
      ['b', [10]],
    ]);
  });

  it('does not wait for what is asked for later', async () => {
    const { perTurn, requests } = aDoubling();
    await perTurn.ask('a', 1);
    await perTurn.ask('a', 2);
    expect(requests).toHaveLength(2);
  });

  it('fails for its own group only', async () => {
    const { perTurn } = aDoubling();
    const [first, away, second] = await Promise.allSettled(['a', 'away', 'b'].map((group) => perTurn.ask(group, 1)));
    expect([first?.status, away?.status, second?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
