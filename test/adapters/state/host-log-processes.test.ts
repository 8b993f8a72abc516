import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Acquirer, buildChild, type Grant, type Program, worstExcess } from './support/children.ts';

const bound = { burst: 20, perSecond: 300 };
/** Longer than a test may take. */
const hourMs = 3_600_000;
/** Rounding of times to whole milliseconds, in tokens. */
const rounding = 1e-6;

let program: Program;
beforeAll(async () => (program = await buildChild()));
afterAll(() => program.remove());

function start(log: string, { bytes, ms, thinkMs }: { bytes: number; ms: number; thinkMs: number }): Acquirer {
  const args = [join(program.folder, log), bound.perSecond, bound.burst, bytes, ms, thinkMs];
  return new Acquirer(program, args.map(String));
}

const grantsOf = (children: readonly Acquirer[]): Grant[] => children.flatMap(({ said }) => said.grants);

describe('processes that share a log', () => {
  it.each([
    { what: 'without pause', bytes: 32_768, thinkMs: 0 },
    { what: 'with pauses', bytes: 32_768, thinkMs: 5 },
    { what: 'through many generations', bytes: 2_000, thinkMs: 1 },
  ])('are together granted what one bucket contains, $what', async ({ what, ...log }) => {
    const children = Array.from({ length: 6 }, () => start(what, { ...log, ms: 1_500 }));
    await Promise.all(children.map(({ ended }) => ended));
    const grants = grantsOf(children);
    expect(children.flatMap(({ said }) => said.warnings)).toEqual([]);
    expect(worstExcess(grants, bound)).toBeLessThanOrEqual(rounding);
    expect(grants.length, 'what flows in is granted, too').toBeGreaterThan(bound.burst);
  });

  it('neither wait for a killed one nor get an extra token', async () => {
    const all: Acquirer[] = [];
    const begin = (): Acquirer => {
      const child = start('kills', { bytes: 4_000, ms: hourMs, thinkMs: 2 });
      all.push(child);
      return child;
    };
    const alive = [begin(), begin(), begin()];
    await Promise.all(alive.map((child) => child.running()));
    for (let kills = 0; kills < 12; kills += 1) {
      await sleep(Math.random() * 40);
      const victim = alive.shift();
      alive.push(begin());
      await victim?.kill();
    }
    await Promise.all(alive.map((child) => child.running()));
    await Promise.all(alive.map((child) => child.kill()));
    expect(all.flatMap(({ said }) => said.warnings)).toEqual([]);
    expect(worstExcess(grantsOf(all), bound)).toBeLessThanOrEqual(rounding);
  });

  it('do not wait for a stopped one, which continues from the state of all', async () => {
    const [stopped, other] = [
      start('stop', { bytes: 2_000, ms: hourMs, thinkMs: 1 }),
      start('stop', { bytes: 2_000, ms: hourMs, thinkMs: 1 }),
    ];
    await Promise.all([stopped.running(), other.running()]);
    stopped.process.kill('SIGSTOP');
    const before = other.said.grants.length;
    while (other.said.grants.length < before + 100) await sleep(20);
    const standing = stopped.said.grants.length;
    stopped.process.kill('SIGCONT');
    while (stopped.said.grants.length === standing) await sleep(20);
    await Promise.all([stopped.kill(), other.kill()]);
    expect([...stopped.said.warnings, ...other.said.warnings]).toEqual([]);
    expect(worstExcess(grantsOf([stopped, other]), bound)).toBeLessThanOrEqual(rounding);
  });
});
