import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Acquirer, buildChild, type Program, worstExcess } from '../adapters/state/support/children.ts';

const kills = Number(process.env['CHAOS_KILLS'] ?? 200);
const bound = { burst: 20, perSecond: 300 };
const rounding = 1e-6;

let program: Program;
beforeAll(async () => (program = await buildChild()));
afterAll(() => program.remove());

describe(`processes that share a budget, of which ${kills} are killed with SIGKILL or stopped at random instants`, () => {
  it.each([
    { what: 'one generation after the other', bytes: 1_500 },
    { what: 'usual generations', bytes: 32_768 },
  ])('never get an extra token, and never wait: $what', async ({ what, bytes }) => {
    const all: Acquirer[] = [];
    const begin = (): Acquirer => {
      const args = [join(program.folder, what), bound.perSecond, bound.burst, bytes, 600_000, 2];
      const child = new Acquirer(program, args.map(String));
      all.push(child);
      return child;
    };
    const alive = [begin(), begin(), begin(), begin()];
    await Promise.all(alive.map((child) => child.running()));
    for (let count = 0; count < kills / 2; count += 1) {
      const victim = alive.shift()!;
      // Some are stopped for a while first, at a random point.
      if (count % 4 === 0) victim.process.kill('SIGSTOP');
      await sleep(Math.random() * 60);
      if (count % 8 === 0) victim.process.kill('SIGCONT');
      await victim.kill();
      alive.push(begin());
    }
    await Promise.all(alive.map((child) => child.running()));
    await Promise.all(alive.map((child) => child.kill()));
    const grants = all.flatMap(({ said }) => said.grants);
    expect(all.flatMap(({ said }) => said.warnings)).toEqual([]);
    expect(worstExcess(grants, bound)).toBeLessThanOrEqual(rounding);
    const longest = all.map(({ said }) => said.longestMs).sort((a, b) => a - b);
    console.info(
      `${grants.length} tokens, longest calls: ${longest
        .slice(-5)
        .map((ms) => ms.toFixed(1))
        .join(', ')} ms`,
    );
    // Stopped processes had a call in progress; a busy machine delays some of the others.
    expect(longest[Math.floor(longest.length / 2)], 'ms that a call took at most, in the median process').toBeLessThan(
      50,
    );
  });
});
