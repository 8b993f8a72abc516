import { describe, expect, it } from 'vitest';
import type { SharedState } from '../../../src/cli/shared-state.ts';
import { run as hold } from '../../../src/commands/hold/command.ts';
import { run as release } from '../../../src/commands/release/command.ts';
import { aStage } from '../../cli/support/a-stage.ts';

type Held = Parameters<SharedState['hold']>[0];

function someState(special: Partial<SharedState> = {}): SharedState & { readonly holds: Held[] } {
  const holds: Held[] = [];
  return {
    ...{ service: 'https://example.com', account: '5a1f3c', place: '/state/budget/a' },
    look: () => Promise.reject(new Error('not asked for')),
    history: () => [],
    reset: () => undefined,
    hold: (held) => {
      holds.push(held);
      return { untold: null };
    },
    release: () => ({ untold: null, wasHeld: holds.pop() !== undefined }),
    holds,
    ...special,
  };
}

describe('captcha hold', () => {
  it('stops the submissions of the account, for a time and a reason', async () => {
    const sharedState = someState();
    const stage = aStage({ sharedState });
    expect(await hold({ for: '30m', why: ' deploy ' }, stage.context)).toBe(0);
    expect(sharedState.holds).toEqual([{ forMs: 1_800_000, why: 'deploy' }]);
    expect(stage.stderr.text).toContain('all submissions of the processes on this host of the account 5a1f3c stop');
  });

  it('names the Redis of a fleet', async () => {
    const stage = aStage({ sharedState: someState({ fleetPlace: 'redis://redis:6379/0', alone: 'disk gone' }) });
    await hold({}, stage.context);
    expect(stage.stderr.text).toContain('processes at redis://redis:6379/0');
  });

  it('says what is held and what is not if the fleet cannot be told', async () => {
    const told = { untold: 'budget.scope redis://redis:6379/0: ECONNREFUSED' };
    const special = { hold: () => told, release: () => ({ ...told, wasHeld: true }) };
    const sharedState = someState({ ...special, fleetPlace: 'redis://redis:6379/0' });
    const stage = aStage({ sharedState, globals: { json: true } });
    expect(await hold({}, stage.context)).toBe(4);
    expect(JSON.parse(stage.stdout.text)).toMatchObject({
      held: true,
      who: expect.stringContaining('on this host') as string,
      ...told,
    });
    expect(stage.stderr.text).toContain('all submissions of the processes on this host of the account 5a1f3c stop');
    expect(stage.stderr.text).toContain('ECONNREFUSED; the other hosts of the fleet were not told');
    expect(await release({}, stage.context)).toBe(4);
    expect(stage.stderr.text).toContain('a hold of the whole fleet continues');
  });

  it.each(['soon', '0s', '-1m'])('refuses --for %s', async (text) => {
    await expect(hold({ for: text }, aStage({ sharedState: someState() }).context)).rejects.toThrow(`--for ${text}`);
  });

  it('refuses where processes share nothing', async () => {
    await expect(hold({}, aStage().context)).rejects.toThrow('budget.scope is process');
    const sharedState = someState({ alone: 'disk gone' });
    await expect(hold({}, aStage({ sharedState }).context)).rejects.toThrow('disk gone');
  });
});

describe('captcha release', () => {
  it('ends a hold, and says if there was none', async () => {
    const stage = aStage({ sharedState: someState(), globals: { json: true } });
    await hold({}, stage.context);
    await release({}, stage.context);
    await release({}, stage.context);
    const printed = stage.stdout.text.trim().split('\n');
    expect(printed.map((line) => (JSON.parse(line) as { wasHeld?: boolean }).wasHeld)).toEqual([
      undefined,
      true,
      false,
    ]);
    expect(stage.stderr.text).toContain('nothing was on hold');
  });
});
