import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { hostNowMs } from '../../../src/adapters/state/host-clock.ts';
import { HostLog } from '../../../src/adapters/state/host-log.ts';
import { readHistory } from '../../../src/adapters/state/read-history.ts';
import { type StateCommand, type StateReply, ResilienceState } from '../../../src/core/resilience/resilience-state.ts';
import { usualBreaker, usualBudget } from '../../support/solver-harness.ts';

const fresh = (): ResilienceState => new ResilienceState({ budget: usualBudget, breaker: usualBreaker }, hostNowMs());

it('keeps entries that earlier versions do not know where they do not look, with the writer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'later-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const writer = { command: 'hold' };
  const log = new HostLog<StateCommand, StateReply>({ folder, writer }, fresh());
  log.append([
    { type: 'hold', since: 2, by: 'ada', why: '', forMs: null },
    { type: 'quiet', ms: 0 },
  ]);
  log.close();
  const written = readFileSync(join(folder, '0.log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const lines = written.slice(1).map((line) => JSON.parse(line) as { entry?: object; later?: object });
  // A version before the hold applies `entry` and skips lines without it.
  expect(lines.map(({ entry }) => entry)).toEqual([undefined, { type: 'quiet', ms: 0 }]);
  expect(lines[0]?.later).toMatchObject({ type: 'hold' });
  const state = fresh();
  const history = [...readHistory<StateCommand, StateReply>(folder, state)];
  expect(history.map(({ logged }) => [logged.entry.type, logged.writer])).toEqual([
    ['hold', writer],
    ['quiet', writer],
  ]);
  expect(state.rules.holdAt(hostNowMs())).toMatchObject({ by: 'ada' });
});
