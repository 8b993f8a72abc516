import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LockOwner, parseOwner, tryLock } from '../../../../src/adapters/files/journal/generation-lock.ts';
import { runs } from '../../../support/exhaustive.ts';
import { Interleaving, sharedFiles } from './support/interleaving.ts';

const owner = (pid: number): LockOwner => ({ pid, start: null, space: 'here', host: 'here', startedAt: 0 });
const rulesWhere = (mayBeAlive: (owner: LockOwner) => boolean): Parameters<typeof tryLock>[2] => ({
  parseOwner,
  stateOf: (owner) => (mayBeAlive(owner) ? 'running' : 'ended'),
  staleMs: 60,
});
const at = (files: Map<number, string>): ReturnType<typeof sharedFiles> => sharedFiles(files, async (act) => act());
const nobody = rulesWhere(() => false);
const everybody = rulesWhere(() => true);

describe('a lock', () => {
  it('is held by one process at a time, and by the next after its release', async () => {
    const files = new Map<number, string>();
    const first = await tryLock(at(files), owner(1), everybody);
    expect(await tryLock(at(files), owner(2), everybody)).toMatchObject({
      held: false,
      generation: 1,
      owner: owner(1),
    });
    if (first.held) await first.release();
    expect(files.size).toBe(0);
    expect(await tryLock(at(files), owner(2), everybody)).toMatchObject({ held: true });
  });

  it('passes from a dead owner to the next generation, and old files are removed', async () => {
    const files = new Map([
      [1, JSON.stringify(owner(1))],
      [4, JSON.stringify(owner(4))],
    ]);
    expect(await tryLock(at(files), owner(9), nobody)).toMatchObject({ held: true });
    expect([...files]).toEqual([[5, JSON.stringify(owner(9))]]);
  });

  it('is held by a live owner even if a higher generation belongs to a dead one', async () => {
    const files = new Map([
      [1, JSON.stringify(owner(1))],
      [2, JSON.stringify(owner(2))],
    ]);
    const onlyFirst = rulesWhere(({ pid }) => pid === 1);
    expect(await tryLock(at(files), owner(9), onlyFirst)).toMatchObject({
      held: false,
      generation: 1,
      owner: owner(1),
    });
  });

  it.each(['', '{', '{"pid":0,"space":"here","host":"here","startedAt":0}'])(
    'is held if the file names no owner: %j',
    async (content) => {
      const files = new Map([[3, content]]);
      expect(await tryLock(at(files), owner(9), nobody)).toMatchObject({ held: false, generation: 3, owner: null });
    },
  );

  it('that was removed by hand is not taken from the next holder', async () => {
    const files = new Map<number, string>();
    const first = await tryLock(at(files), owner(1), everybody);
    files.clear();
    await tryLock(at(files), owner(2), everybody);
    if (first.held) await first.release();
    expect([...files.values()]).toEqual([JSON.stringify(owner(2))]);
  });

  it('is not left behind by a process that failed while taking it', async () => {
    const files = new Map<number, string>();
    let lists = 0;
    const failing = { ...at(files), list: async () => (lists++ === 0 ? [] : Promise.reject(new Error('EIO'))) };
    await expect(tryLock(failing, owner(1), everybody)).rejects.toThrow('EIO');
    expect(files.size).toBe(0);
  });

  it('is given up if the file system never shows created files', async () => {
    const blind = { ...at(new Map()), list: async () => [], tryCreate: async () => false };
    await expect(tryLock(blind, owner(1), everybody)).rejects.toThrow('does not show');
  });
});

interface Race {
  /** How often each process takes the lock, one after another. */
  readonly rounds: readonly number[];
  /** Generations of dead owners at the start. */
  readonly left: readonly number[];
  readonly chance: readonly number[];
}

const race: fc.Arbitrary<Race> = fc.record({
  rounds: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 6 }),
  left: fc.uniqueArray(fc.integer({ min: 1, max: 3 })),
  chance: fc.array(fc.nat(), { minLength: 300, maxLength: 300, size: 'max' }),
});

/** Runs a race. Returns the maximum number of living holders at any time, and the remaining files. */
async function run({ rounds, left, chance }: Race): Promise<{ mostHolders: number; holds: number; free: boolean }> {
  let used = 0;
  const turns = new Interleaving(() => chance[used++ % chance.length]!);
  const files = new Map(left.map((generation) => [generation, JSON.stringify(owner(100 + generation))]));
  const rules = rulesWhere(({ pid }) => pid < 100 && !turns.dead.has(pid));
  const holders = new Set<number>();
  let [mostHolders, holds] = [0, 0];

  const live = async (pid: number, wanted: number): Promise<void> => {
    const view = sharedFiles(files, (act) => turns.step(pid, act));
    for (let round = 0; round < wanted; round++) {
      await turns.step(pid, () => undefined);
      const answer = await tryLock(view, owner(pid), rules);
      if (!answer.held) continue;
      holders.add(pid);
      holds++;
      mostHolders = Math.max(mostHolders, [...holders].filter((each) => !turns.dead.has(each)).length);
      await turns.step(pid, () => holders.delete(pid));
      await answer.release();
    }
  };
  rounds.forEach((wanted, n) => void live(n + 1, wanted));
  await turns.run();
  const { held } = await tryLock(at(files), owner(99), nobody);
  return { mostHolders, holds, free: held };
}

it('never has two living holders, whichever process sleeps or dies, and is free when all are gone', async () => {
  let holds = 0;
  await fc.assert(
    fc.asyncProperty(race, async (each) => {
      const result = await run(each);
      holds += result.holds;
      expect(result).toMatchObject({ mostHolders: result.holds > 0 ? 1 : 0, free: true });
    }),
    { numRuns: runs(5_000) },
  );
  expect(holds).toBeGreaterThan(runs(1_500));
}, 120_000);

it('has exactly one holder if many living processes want it at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(), { minLength: 300, maxLength: 300 }),
      fc.constantFrom([], [2]),
      async (chance, left) => {
        let used = 0;
        // No process dies: multiples of 5 survive, and 30n + 7 is none.
        const turns = new Interleaving(() => 5 * chance[used++ % chance.length]!);
        const files = new Map(left.map((generation) => [generation, JSON.stringify(owner(100))]));
        const rules = rulesWhere(({ pid }) => pid < 100);
        const answers = [1, 2, 3, 4, 5].map((pid) =>
          tryLock(
            sharedFiles(files, (act) => turns.step(pid, act)),
            owner(pid),
            rules,
          ),
        );
        await turns.run();
        expect((await Promise.all(answers)).filter(({ held }) => held)).toHaveLength(1);
      },
    ),
    { numRuns: runs(300) },
  );
}, 60_000);

/**
 * Runs a race of processes that are not visible to each other and sleep for long. Returns how many had a valid lock at
 * once.
 */
async function runUnseen({ rounds, left, chance }: Race): Promise<{ mostValid: number; holds: number }> {
  let [used, now, holds, mostValid] = [0, 0, 0, 0];
  const turns = new Interleaving(() => chance[used++ % chance.length]!);
  const files = new Map(left.map((generation) => [generation, JSON.stringify(owner(100 + generation))]));
  const writtenAt = new Map<number, number>();
  /** The content that makes each holder's lock valid. */
  const held = new Map<number, { generation: number; content: string }>();
  const rules = { parseOwner, stateOf: () => 'unknown' as const, staleMs: 12 };

  const live = async (pid: number, wanted: number): Promise<void> => {
    const timed = <T>(act: () => T): Promise<T> => turns.step(pid, () => ((now += 1), act()));
    const view = {
      ...sharedFiles(files, timed),
      ageMs: (generation: number) =>
        timed(() => (files.has(generation) ? now - (writtenAt.get(generation) ?? 0) : null)),
      tryCreate: (generation: number, content: string) =>
        timed(() => !files.has(generation) && (files.set(generation, content), writtenAt.set(generation, now), true)),
    };
    for (let round = 0; round < wanted; round++) {
      const answer = await tryLock(view, { ...owner(pid), startedAt: round }, rules);
      if (!answer.held) continue;
      holds++;
      held.set(pid, answer);
      for (let work = 0; work < 3; work++) {
        await timed(() => {
          const valid = [...held.values()].filter(({ generation, content }) => files.get(generation) === content);
          mostValid = Math.max(mostValid, valid.length);
        });
      }
      held.delete(pid);
      await answer.release();
    }
  };
  rounds.forEach((wanted, n) => void live(n + 1, wanted));
  await turns.run();
  return { mostValid, holds };
}

it('is valid for one at a time if owners are not visible and sleep until others take it from them', async () => {
  let holds = 0;
  await fc.assert(
    fc.asyncProperty(race, async (each) => {
      const result = await runUnseen(each);
      holds += result.holds;
      expect(result.mostValid).toBeLessThanOrEqual(1);
    }),
    { numRuns: runs(2_000) },
  );
  expect(holds).toBeGreaterThan(runs(500));
}, 120_000);
