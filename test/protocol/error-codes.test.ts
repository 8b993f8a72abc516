import { describe, expect, it } from 'vitest';
import type { FaultKind } from '../../src/domain/fault.ts';
import { faultOfCode, isKnownCode, knownErrorCodes } from '../../src/protocol/error-codes.ts';

const documented: readonly (readonly [FaultKind, readonly string[]])[] = [
  [
    'throttled',
    [
      'ERROR_NO_SLOT_AVAILABLE',
      'ERROR_TOO_MUCH_REQUESTS',
      'MAX_USER_TURN',
      'ERROR: 1001',
      'ERROR: 1002',
      'ERROR: 1003',
      'ERROR: 1005',
    ],
  ],
  [
    'account',
    [
      'ERROR_WRONG_USER_KEY',
      'ERROR_KEY_DOES_NOT_EXIST',
      'ERROR_ZERO_BALANCE',
      'ERROR: 1004',
      'IP_BANNED',
      'ERROR_IP_BANNED',
      'ERROR_IP_NOT_ALLOWED',
      'ERROR_IP_ADDRES',
    ],
  ],
  [
    'rejected',
    [
      ...[
        'ERROR_PAGEURL',
        'ERROR_GOOGLEKEY',
        'ERROR_WRONG_GOOGLEKEY',
        'ERROR_BAD_PARAMETERS',
        'ERROR_BAD_TOKEN_OR_PAGEURL',
      ],
      ...['ERROR_DOMAIN_NOT_ALLOWED', 'ERROR_TOO_BIG_CAPTCHA_FILESIZE', 'ERROR_ZERO_CAPTCHA_FILESIZE', 'ERROR_UPLOAD'],
      ...['ERROR_WRONG_FILE_EXTENSION', 'ERROR_IMAGE_TYPE_NOT_SUPPORTED', 'ERROR_EMPTY_CAPTCHA', 'ERROR_BAD_PROXY'],
      ...['ERROR_CAPTCHAIMAGE_BLOCKED', 'TOO_MANY_BAD_IMAGES', 'ERROR_TOKEN_EXPIRED', 'ERROR_WRONG_ID_FORMAT'],
      ...['ERROR_EMPTY_ACTION', 'ERROR_METHOD_CALL', 'ERROR_NO_SUCH_METHOD'],
      ...['ERROR_REPORT_NOT_RECORDED', 'REPORT_NOT_RECORDED', 'ERROR_DUPLICATE_REPORT'],
    ],
  ],
  [
    'unsolvable',
    [
      'ERROR_CAPTCHA_UNSOLVABLE',
      'ERROR_BAD_DUPLICATES',
      'ERROR_PROXY_CONNECTION_FAILED',
      'ERROR_WRONG_CAPTCHA_ID',
      'ERROR_NO_SUCH_CAPCHA_ID',
    ],
  ],
  ['transport', ['ERROR_SERVER_ERROR', 'ERROR_INTERNAL_SERVER_ERROR']],
];
const rows = documented.flatMap(([kind, codes]) => codes.map((code) => [code, kind] as const));

describe('faultOfCode', () => {
  it.each(rows)('classifies %s as %s for a submission', (code, kind) => {
    expect(faultOfCode(code, 'submit', {})).toMatchObject({ kind, code, answerLost: false });
  });

  it.each(rows.filter(([code]) => code !== 'ERROR_ZERO_BALANCE'))(
    'classifies %s as %s for a poll as well',
    (code, kind) => {
      expect(faultOfCode(code, 'poll', {}).kind).toBe(kind);
    },
  );

  it("never returns an account fault for a poll's zero balance: the task was accepted", () => {
    expect(faultOfCode('ERROR_ZERO_BALANCE', 'poll', {}).kind).toBe('throttled');
  });

  it.each([
    ['ERROR_TOO_MUCH_REQUESTS', 3_000],
    ['MAX_USER_TURN', 10_000],
    ['ERROR: 1001', 600_000],
    ['ERROR: 1002', 300_000],
    ['ERROR: 1003', 30_000],
    ['ERROR: 1005', 300_000],
    ['ERROR_CAPTCHA_UNSOLVABLE', null],
  ])('asks for a wait after %s of %s ms', (code, waitMs) => {
    expect(faultOfCode(code, 'submit', {}).retryAfterMs).toBe(waitMs);
  });

  it('sets threadsFull for the codes that lower concurrency fixes', () => {
    const full = knownErrorCodes().filter(({ code }) => faultOfCode(code, 'submit', {}).threadsFull);
    expect(full.map(({ code }) => code)).toEqual(['ERROR_NO_SLOT_AVAILABLE']);
    expect(faultOfCode('ERROR_NO_SLOT_AVAILABLE', 'submit', { ERROR_NO_SLOT_AVAILABLE: 'account' }).threadsFull).toBe(
      false,
    );
  });

  it('allows one new submission for a lost id', () => {
    expect(faultOfCode('ERROR_WRONG_CAPTCHA_ID', 'poll', {}).maxResubmissions).toBe(1);
    expect(faultOfCode('ERROR_NO_SUCH_CAPCHA_ID', 'poll', {}).maxResubmissions).toBe(1);
  });

  it.each([
    ['ERROR_WRONG_CAPTCHA_ID', 'poll', true],
    ['ERROR_NO_SUCH_CAPCHA_ID', 'poll', true],
    ['ERROR_WRONG_CAPTCHA_ID', 'submit', false],
    ['ERROR_CAPTCHA_UNSOLVABLE', 'poll', false],
  ] as const)('knows whether %s to a %s means that a submission was paid for in vain: %s', (code, endpoint, lost) => {
    expect(faultOfCode(code, endpoint, {}).answerLost).toBe(lost);
  });

  it('allows one new submission after an unknown code, and gives up a poll with one', () => {
    expect(faultOfCode('ERROR_NEW', 'submit', {})).toMatchObject({
      kind: 'rejected',
      code: 'ERROR_NEW',
      maxResubmissions: 1,
    });
    expect(faultOfCode('ERROR_NEW', 'poll', {})).toMatchObject({
      kind: 'rejected',
      code: 'ERROR_NEW',
      maxResubmissions: 0,
    });
  });

  it.each(['submit', 'poll'] as const)('uses the kind that the user configured (%s)', (endpoint) => {
    const kinds = { ERROR_ZERO_BALANCE: 'unsolvable', ERROR_NEW: 'throttled' } as const;
    expect(faultOfCode('ERROR_ZERO_BALANCE', endpoint, kinds).kind).toBe('unsolvable');
    expect(faultOfCode('ERROR_NEW', endpoint, kinds).kind).toBe('throttled');
  });

  it.each(['constructor', 'toString', '__proto__'])('treats the code %s like any other', (code) => {
    expect(faultOfCode(code, 'submit', {}).kind).toBe('rejected');
    expect(isKnownCode(code, {})).toBe(false);
  });

  it('compares whole codes', () => {
    expect(faultOfCode('XERROR_ZERO_BALANCE', 'submit', {}).kind).toBe('rejected');
    expect(faultOfCode('ERROR_ZERO_BALANCE_', 'submit', {}).kind).toBe('rejected');
  });
});

describe('knownErrorCodes', () => {
  it('has one row per code', () => {
    const codes = knownErrorCodes().map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each(knownErrorCodes().map(({ code, advice }) => [code, advice]))(
    'has advice for %s in a sentence',
    (_code, advice) => {
      expect(advice).toMatch(/^[A-Z].*[.?]$/);
    },
  );
});

describe('isKnownCode', () => {
  it('knows the table and the configured codes', () => {
    expect(isKnownCode('ERROR_PAGEURL', {})).toBe(true);
    expect(isKnownCode('ERROR_NEW', {})).toBe(false);
    expect(isKnownCode('ERROR_NEW', { ERROR_NEW: 'transport' })).toBe(true);
  });
});
