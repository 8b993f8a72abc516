import { expect, it } from 'vitest';
import type { ManyIds } from '../../src/sandbox/options.ts';
import { latencyMs, runSandbox } from './running-sandbox.ts';

/** The answer for three solved ids, the latest first; `a`, `b`, `c` stand for their solutions. */
async function answerOf(manyIds: ManyIds): Promise<Record<string, unknown>> {
  const { json, submit, clock } = await runSandbox({ manyIds });
  const ids = [await submit(), await submit(), await submit()];
  clock.advance(latencyMs);
  const many = await json('/res.php', { action: 'get', ids: ids.toReversed().join(',') });
  let line = String(many['request']);
  for (const [at, id] of ids.entries()) {
    const own = await json('/res.php', { action: 'get', id });
    line = line.replace(String(own['request']), 'abc'.charAt(at));
  }
  return { ...many, request: line };
}

it.each<[ManyIds, object]>([
  ['answered', { status: 1, request: 'c|b|a' }],
  ['unknown', { status: 0, request: 'ERROR_WRONG_ID_FORMAT' }],
  ['short', { status: 1, request: 'c|b' }],
  ['sorted', { status: 1, request: 'a|b|c' }],
  ['adorned', { status: 1, request: 'c|b|a', user_agent: expect.any(String) as string }],
])('a sandbox by which several ids are %s answers %j', async (manyIds, expected) => {
  expect(await answerOf(manyIds)).toEqual(expected);
});
