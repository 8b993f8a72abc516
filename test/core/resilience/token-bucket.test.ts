import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../src/core/resilience/token-bucket.ts';

const aBucket = (burst: number, refillPerSecond: number): TokenBucket => new TokenBucket({ burst, refillPerSecond }, 0);

function emptied(burst: number, refillPerSecond: number): TokenBucket {
  const bucket = aBucket(burst, refillPerSecond);
  for (let token = 0; token < burst; token += 1) bucket.withdraw(0);
  return bucket;
}

describe('TokenBucket', () => {
  it('is full at the start and never holds more than its size', () => {
    const bucket = aBucket(10, 5);
    bucket.deposit(3, 0);
    expect(bucket.balance(0)).toBe(10);
    expect(bucket.balance(60_000)).toBe(10);
  });

  it.each([
    { refillPerSecond: 10, waitMs: 100 },
    { refillPerSecond: 0.2, waitMs: 5_000 },
    { refillPerSecond: 3, waitMs: 334 },
    { refillPerSecond: 0.0001, waitMs: 10_000_000 },
    { refillPerSecond: 0, waitMs: Infinity },
  ])('refilled at $refillPerSecond/s it has the next token after $waitMs ms', ({ refillPerSecond, waitMs }) => {
    const bucket = emptied(1, refillPerSecond);
    expect(bucket.waitForTokenMs(0)).toBe(waitMs);
    if (waitMs === Infinity) return;
    expect(bucket.balance(waitMs - 1)).toBeLessThan(1);
    expect(bucket.balance(waitMs)).toBeCloseTo(1, 2);
    expect(bucket.waitForTokenMs(waitMs)).toBe(0);
  });

  it('has a token after ten deposits of a tenth, and not after nine', () => {
    const bucket = emptied(10, 0);
    for (let count = 0; count < 9; count += 1) bucket.deposit(0.1, 0);
    expect(bucket.waitForTokenMs(0)).toBe(Infinity);
    bucket.deposit(0.1, 0);
    expect(bucket.waitForTokenMs(0)).toBe(0);
    expect(bucket.balance(0)).toBe(1);
  });

  it('loses refills into a full bucket, the fraction of a millisecond included', () => {
    const bucket = aBucket(1, 1_000);
    bucket.withdraw(0.9);
    expect(bucket.waitForTokenMs(1.1)).toBeGreaterThan(0);
  });

  describe('with a reservation', () => {
    it('queues the next token behind it', () => {
      const bucket = emptied(1, 1);
      bucket.withdraw(1_000);
      expect(bucket.waitForTokenMs(0)).toBe(2_000);
      expect(bucket.waitForTokenMs(1_500)).toBe(500);
    });

    it('shows by a balance below 0 what time has yet to earn', () => {
      const bucket = emptied(1, 1);
      bucket.withdraw(1_000);
      expect(bucket.balance(0)).toBe(-1);
      expect(bucket.balance(750)).toBe(-0.25);
      expect(bucket.balance(1_000)).toBe(0);
    });

    it('is not overtaken by a later deposit', () => {
      const bucket = emptied(5, 1);
      bucket.withdraw(1_000);
      bucket.deposit(4, 0);
      expect(bucket.waitForTokenMs(0)).toBe(1_000);
    });
  });
});
