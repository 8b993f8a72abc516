import { describe, expect, it } from 'vitest';
import { onePer, someOf } from '../../support/exhaustive.ts';
import {
  type Deliveries,
  type Delivery,
  deliveriesOf,
  figuresOf,
  solveTimeModels,
} from '../../support/polling-delays.ts';

/** Services that begin cold, one task after the other. */
const services = 8;
const tasks = 130;
/** One image, one token, one that takes long. */
const isOne = (name: string): boolean => /^(image 0.6 s|turnstile 6 s|reCAPTCHA v2 36 s)$/.test(name);

const known = new Map<string, Promise<readonly Deliveries[]>>();

/** Of a service, made once. */
async function someDeliveries(name: string) {
  const seeds = Array.from({ length: services }, (_, index) => 100 + index);
  const making = known.get(name) ?? Promise.all(seeds.map((seed) => deliveriesOf(name, tasks, seed)));
  known.set(name, making);
  const runs = await making;
  const part = (from: number, to: number, of: 'shipped' | 'article'): Delivery[] =>
    runs.flatMap((run) => run[of].slice(from, to));
  return { part };
}

describe('the delay between ready and delivered', () => {
  it.each(someOf(Object.keys(solveTimeModels), isOne))(
    'is no longer than with a poll each interval, for %s',
    async (name) => {
      const { part } = await someDeliveries(name);
      const article = figuresOf(part(0, tasks, 'article'));
      const shipped = figuresOf(part(0, tasks, 'shipped'));
      expect(shipped.mean).toBeLessThanOrEqual(article.mean);
      expect(shipped.polls).toBeLessThanOrEqual(1.15 * article.polls);
      const learnt = figuresOf(part(64, tasks, 'shipped'));
      expect(learnt.mean).toBeLessThanOrEqual(0.95 * article.mean);
      expect(learnt.polls).toBeLessThanOrEqual(1.15 * article.polls);
    },
  );

  const learnt: readonly [name: string, mean: number, polls: number][] = [
    ['image 0.6 s', 0.75, 1.1],
    ['image 8 s (human)', 1.6, 2.5],
    ['turnstile 6 s', 1.6, 2.1],
    ['reCAPTCHA v3 5 s', 1.6, 1.8],
    ['reCAPTCHA v2 15 s', 2.2, 4.3],
    ['reCAPTCHA v2 36 s', 2.4, 9],
    ['two populations 3 s / 20 s', 1.7, 3.3],
    ['image 0.4 s to 0.8 s', 0.9, 1.1],
    ['turnstile 4 s to 8 s', 1.6, 2.1],
  ];

  it.each(someOf(learnt, ([name]) => isOne(name)))(
    'of %s is at most %s s on average once it is learnt, for %s polls',
    async (name, mean, polls) => {
      const { part } = await someDeliveries(name);
      const learnt = figuresOf(part(12, tasks, 'shipped'));
      expect(learnt.mean).toBeLessThanOrEqual(mean);
      expect(learnt.polls).toBeLessThanOrEqual(polls);
    },
  );

  const coldStarts = ['image 0.4 s to 0.8 s', 'turnstile 4 s to 8 s', 'reCAPTCHA v3 5 s', 'two populations 3 s / 20 s'];

  it.each(onePer(coldStarts, () => ''))('of the first task is not longer either, for %s', async (name) => {
    const seeds = Array.from({ length: 200 }, (_, index) => 1_000 + index);
    const firsts = await Promise.all(seeds.map((seed) => deliveriesOf(name, 1, seed)));
    const shipped = figuresOf(firsts.flatMap((run) => run.shipped));
    const article = figuresOf(firsts.flatMap((run) => run.article));
    // All of them begin with the same polls, and so that they are not in step some are a little later.
    expect(shipped.mean).toBeLessThanOrEqual(article.mean + 0.1);
  });
});
