import { describe, expect, it } from 'vitest';
import { type AccountState, decideZeroBalance } from '../../../src/adapters/captchaai/client.ts';
import { faultOfCode } from '../../../src/protocol/error-codes.ts';

const asAnswered = faultOfCode('ERROR_ZERO_BALANCE', 'submit', {});
const threads = (all: number, workingThreads: number): AccountState => ({
  threads: { threads: all, workingThreads },
  balance: null,
});

describe('decideZeroBalance', () => {
  it.each<[string, AccountState]>([
    ['every thread is busy', threads(5, 5)],
    ['more threads are busy than there are', threads(5, 6)],
    ['threads are not answered and there is balance', { threads: null, balance: 0.01 }],
  ])('calls it throttled when %s', (_name, state) => {
    expect(decideZeroBalance(asAnswered, state)).toMatchObject({
      kind: 'throttled',
      code: 'ERROR_ZERO_BALANCE',
      threadsFull: true,
      retryAfterMs: null,
      answerLost: false,
      maxResubmissions: null,
    });
  });

  it.each<[string, AccountState]>([
    ['a thread is free', threads(5, 4)],
    ['the plan has no threads', threads(0, 0)],
    ['there is no balance', { threads: null, balance: 0 }],
    ['there is debt', { threads: null, balance: -1 }],
    ['no answers to measure', { threads: null, balance: null }],
    ['a thread is free, whatever the balance', { threads: { threads: 5, workingThreads: 0 }, balance: 100 }],
  ])('leaves it an account fault when %s', (_name, state) => {
    expect(decideZeroBalance(asAnswered, state)).toBe(asAnswered);
    expect(asAnswered.kind).toBe('account');
  });

  it('keeps the wait that the service asked for', () => {
    expect(decideZeroBalance({ ...asAnswered, retryAfterMs: 60_000 }, threads(1, 1)).retryAfterMs).toBe(60_000);
  });
});
