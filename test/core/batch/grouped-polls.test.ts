import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { GroupedPolls } from '../../../src/core/batch/grouped-polls.ts';
import { ProviderFault } from '../../../src/domain/fault.ts';
import type { CallLimits, PollAnswer } from '../../../src/ports/api.ts';
import { aFault, aTask } from '../../support/builders.ts';
import { ManyApi, type ManyApiParts, rejected, solved, tokenOf } from './support/many-api.ts';

const ample = { timeLeftMs: 300_000 };

function aRig({
  idsPerRequest = 10,
  ...parts
}: Omit<Partial<ManyApiParts>, 'clock'> & { idsPerRequest?: number } = {}) {
  const clock = new VirtualClock();
  const api = new ManyApi({ clock, ...parts });
  const refusals: string[] = [];
  const isToken = ({ method }: { method: string }): boolean => method === 'turnstile';
  const polls = new GroupedPolls({ idsPerRequest }, { api, clock, isToken, onRefused: (why) => refusals.push(why) });
  const submit = async (count: number, method = 'turnstile'): Promise<string[]> => {
    const ids: string[] = [];
    for (let row = 1; row <= count; row += 1) ids.push(await polls.submit(aTask({ method }), ample));
    return ids;
  };
  /** Polls all of them at the same moment; what came of each, a fault as what was thrown. */
  const look = async (ids: readonly string[], limits: CallLimits = ample): Promise<unknown[]> => {
    const looking = ids.map((id) => polls.poll(id, limits).catch((error: unknown) => error));
    await clock.run();
    return Promise.all(looking);
  };
  /** Three ids are solved one by one, and asked for together. */
  const prove = async (): Promise<void> => {
    await look(await submit(3));
    api.looks.splice(0);
  };
  return { clock, api, polls, refusals, submit, look, prove };
}

const solutionsOf = (ids: readonly string[]): PollAnswer[] => ids.map((id) => solved(tokenOf(id)));

describe('before it knows the service', () => {
  it('asks for ids alone until three are solved, and then for those three together, in an order of its own', async () => {
    const { api, look, submit, refusals } = aRig();
    expect(await look(await submit(3))).toEqual(solutionsOf(['1', '2', '3']));
    expect(api.looks.map(({ ids }) => ids)).toEqual([['1'], ['2'], ['3'], ['2', '3', '1']]);
    expect(refusals).toEqual([]);
  });

  it.each<[string, ManyApiParts['spoil']]>([
    [
      'answers in the order of the ids',
      (answers) => answers.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
    ],
    ['answers backwards', (answers) => answers.toReversed()],
    ['answers too few', () => null],
    ['gives no solution twice', (answers) => answers.map(() => null)],
    ['says that they are not ready', (answers) => answers.map(() => ({ ready: false }))],
    ['refuses', () => rejected],
  ])('asks for every id alone for good where the service %s', async (_what, spoil) => {
    const { api, look, submit, prove, refusals } = aRig({ spoil: spoil! });
    await prove();
    expect(refusals).toHaveLength(1);
    const ids = await submit(5);
    expect(await look(ids)).toEqual(solutionsOf(ids));
    expect(api.looks.map((one) => one.ids)).toEqual(ids.map((id) => [id]));
    expect(refusals).toHaveLength(1);
  });

  it('tries again after a passing fault, three times at most', async () => {
    const { api, prove, refusals, submit, look } = aRig({ spoil: () => aFault() });
    await prove();
    await prove();
    expect(refusals).toEqual([]);
    await prove();
    expect(refusals).toHaveLength(1);
    await look(await submit(9));
    expect(api.groups).toHaveLength(0);
  });

  it.each<[string, ManyApiParts['answer']]>([
    ['solutions come with more than a token', (id) => solved(tokenOf(id), { useragent: 'UA' })],
    ['two tasks had the same solution', () => solved('the same')],
  ])('is done with it where %s', async (why, answer) => {
    const { look, submit, refusals, api } = aRig({ answer: answer! });
    await look(await submit(6));
    expect(refusals).toEqual([why]);
    expect(api.groups).toHaveLength(0);
  });
});

describe('once the service has proved that it answers rightly', () => {
  it('sends the polls of a moment as one request, at most as many ids as allowed', async () => {
    const { api, look, submit, prove } = aRig({ idsPerRequest: 4 });
    await prove();
    const ids = await submit(10);
    expect(await look(ids)).toEqual(solutionsOf(ids));
    expect(api.looks.map((one) => one.ids.length).toSorted()).toEqual([2, 4, 4]);
  });

  it('sends what is full at once, and keeps nothing waiting for longer than 250 ms', async () => {
    const { api, look, submit, prove, clock } = aRig({ idsPerRequest: 4 });
    await prove();
    const provedAtMs = clock.nowMs();
    await look(await submit(6));
    expect(api.looks.map(({ ids, atMs }) => [ids.length, atMs - provedAtMs])).toEqual([
      [4, 0],
      [2, 250],
    ]);
  });

  it('gives to each id what is left of the time of the one that has least', async () => {
    const { api, polls, submit, prove, clock } = aRig();
    await prove();
    const [first, second] = await submit(2);
    const looking = [polls.poll(first!, { timeLeftMs: 60_000 }), polls.poll(second!, { timeLeftMs: 9_000 })];
    await clock.run();
    await Promise.all(looking);
    expect(api.looks).toMatchObject([{ ids: [first, second], timeLeftMs: 8_750 }]);
  });

  it.each<[string, string, CallLimits]>([
    ['whose time is nearly over', 'turnstile', { timeLeftMs: 4_999 }],
    ['that somebody may cancel', 'turnstile', { ...ample, signal: new AbortController().signal }],
    ['of methods whose solutions are more than a token', 'base64', ample],
  ])('sends at once and alone polls %s', async (_which, method, limits) => {
    const { api, look, submit, prove, clock } = aRig();
    await prove();
    const nowMs = clock.nowMs();
    await look(await submit(3, method), limits);
    expect(api.looks.map(({ ids, atMs }) => [ids.length, atMs])).toEqual([1, 1, 1].map((count) => [count, nowMs]));
  });

  it('asks alone for ids that were accepted in an earlier run', async () => {
    const { api, look, prove } = aRig();
    await prove();
    await look(['901', '902']);
    expect(api.groups).toHaveLength(0);
  });

  it('asks alone at once for an id of whom a fault is told among others, and goes on', async () => {
    const { api, look, submit, prove, refusals } = aRig({
      answer: (id) => (id === '5' ? rejected : solved(tokenOf(id))),
    });
    await prove();
    const [four, five, six] = await look(await submit(3));
    expect([four, six]).toEqual(solutionsOf(['4', '6']));
    expect(five).toBeInstanceOf(ProviderFault);
    expect(api.looks.map(({ ids }) => ids)).toEqual([['4', '5', '6'], ['5']]);
    expect(refusals).toEqual([]);
  });

  it.each<[string, ManyApiParts['spoil']]>([
    ['does not fit', (answers, count) => (count < 2 ? answers : null)],
    ['is a refusal', (answers, count) => (count < 2 ? answers : rejected)],
  ])('asks alone at once for all ids of an answer that %s, and for all others for good', async (_what, spoil) => {
    const { api, look, submit, prove, refusals, clock } = aRig({ spoil: spoil! });
    await prove();
    const ids = await submit(3);
    expect(await look(ids)).toEqual(solutionsOf(ids));
    const sentMs = clock.nowMs();
    expect(api.looks.map((one) => [one.ids, one.atMs])).toEqual(
      [ids, ...ids.map((id) => [id])].map((one) => [one, sentMs]),
    );
    expect(refusals).toHaveLength(1);
    await look(await submit(3));
    expect(api.groups).toHaveLength(1);
  });

  it('does not believe an answer that was under way when another one did not fit', async () => {
    const swapped = [solved('somebody else'), solved('the other')];
    const { api, look, submit, prove } = aRig({
      idsPerRequest: 2,
      spoil: (answers, count) => [null, answers, null, swapped][count] ?? null,
    });
    // Of the proof two ids are enough here.
    await prove();
    const ids = await submit(4);
    expect(await look(ids)).toEqual(solutionsOf(ids));
    expect(api.groups).toHaveLength(2);
  });

  it('asks alone for all ids of a request that broke, and together the next time', async () => {
    const { api, look, submit, prove, refusals } = aRig({
      spoil: (answers, count) => (count === 2 ? aFault() : answers),
    });
    await prove();
    const ids = await submit(3);
    expect(await look(ids)).toEqual(solutionsOf(ids));
    expect(api.looks.map((one) => one.ids.length)).toEqual([3, 1, 1, 1]);
    expect(refusals).toEqual([]);
    await look(await submit(3));
    expect(api.looks.at(-1)?.ids).toHaveLength(3);
  });

  it('tells a request for fewer requests to every id instead of sending more', async () => {
    const throttled = aFault({ kind: 'throttled', retryAfterMs: 7_000 });
    const { api, look, submit, prove } = aRig({
      spoil: (answers, count) => (count === 2 ? throttled : answers),
    });
    await prove();
    const thrown = await look(await submit(3));
    expect(api.looks).toHaveLength(1);
    for (const error of thrown) expect(error).toMatchObject({ fault: { kind: 'throttled', retryAfterMs: 7_000 } });
  });

  it('passes a bug on to every task that it concerns', async () => {
    const bug = new TypeError('a bug');
    const { look, submit, prove } = aRig({
      spoil: (answers, count) => {
        if (count === 2) throw bug;
        return answers;
      },
    });
    await prove();
    expect(await look(await submit(2))).toEqual([bug, bug]);
  });
});
