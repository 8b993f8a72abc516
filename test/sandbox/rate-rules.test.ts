import { describe, expect, it } from 'vitest';
import { RateRules } from '../../src/sandbox/rate-rules.ts';
import { manualClock } from './running-sandbox.ts';

function createRules() {
  const clock = manualClock();
  const rules = new RateRules(clock);
  const repeat = (times: number, act: () => unknown): unknown => Array.from({ length: times }, act).at(-1);
  return { clock, rules, repeat };
}

describe('the block rules', () => {
  it('block an account for ten seconds at the 61st submission within three seconds', () => {
    const { clock, rules, repeat } = createRules();
    expect(repeat(60, () => rules.submitRefusal())).toBeNull();
    expect(rules.submitRefusal()).toBe('MAX_USER_TURN');
    clock.advance(9_999);
    expect(rules.submitRefusal()).toBe('MAX_USER_TURN');
    clock.advance(1);
    expect(rules.submitRefusal()).toBeNull();
  });

  it('allow sixty submissions every three seconds', () => {
    const { clock, rules, repeat } = createRules();
    repeat(60, () => rules.submitRefusal());
    clock.advance(3_000);
    expect(repeat(60, () => rules.submitRefusal())).toBeNull();
  });

  it.each([
    ['ERROR_NO_SLOT_AVAILABLE', 'ERROR: 1001', 600_000],
    ['ERROR_ZERO_BALANCE', 'ERROR: 1002', 300_000],
  ])('answer 120 times %s in a minute with %s', (code, block, blockMs) => {
    const { clock, rules, repeat } = createRules();
    repeat(119, () => rules.recordRefusal(code));
    expect(rules.submitRefusal()).toBeNull();
    rules.recordRefusal(code);
    expect(rules.submitRefusal()).toBe(block);
    clock.advance(blockMs);
    expect(rules.submitRefusal()).toBeNull();
  });

  it('forget refusals that are older than a minute', () => {
    const { clock, rules, repeat } = createRules();
    repeat(119, () => rules.recordRefusal('ERROR_NO_SLOT_AVAILABLE'));
    clock.advance(60_000);
    rules.recordRefusal('ERROR_NO_SLOT_AVAILABLE');
    expect(rules.submitRefusal()).toBeNull();
  });

  it('allow 1200 polls and 20 more per submission', () => {
    const { clock, rules, repeat } = createRules();
    rules.submitRefusal();
    expect(repeat(1_220, () => rules.pollRefusal())).toBeNull();
    expect(rules.pollRefusal()).toBe('ERROR: 1005');
    clock.advance(299_999);
    expect(rules.pollRefusal()).toBe('ERROR: 1005');
  });

  it('ban an address at its fifth wrong key, for ten minutes', () => {
    const { clock, rules, repeat } = createRules();
    repeat(4, () => rules.recordWrongKey());
    expect(rules.banRefusal()).toBeNull();
    rules.recordWrongKey();
    expect(rules.banRefusal()).toBe('IP_BANNED');
    clock.advance(600_000);
    expect(rules.banRefusal()).toBeNull();
  });
});
