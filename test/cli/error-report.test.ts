import { describe, expect, it } from 'vitest';
import { reportError } from '../../src/cli/error-report.ts';
import { UsageError } from '../../src/domain/errors.ts';
import { describeFault, type FaultKind, ProviderFault } from '../../src/domain/fault.ts';
import { aTerminal, type TerminalParts } from './support/a-terminal.ts';
import { systemError } from './support/fake-stream.ts';

/** The exit code of an error, and its user-visible text. */
function reported(error: unknown, parts: TerminalParts = {}) {
  const { terminal, stdout, stderr } = aTerminal(parts);
  const exitCode = reportError(error, terminal);
  return { exitCode, out: stdout.text, err: stderr.text };
}

describe('a usage error', () => {
  it('is 2, with its hint on a separate line', () => {
    const error = new UsageError('--min x: not a number', 'for example --min 5');
    expect(reported(error)).toEqual({
      exitCode: 2,
      out: '',
      err: 'error: --min x: not a number\n  for example --min 5\n',
    });
  });

  it('is one line without a hint', () => {
    expect(reported(new UsageError('no'))).toEqual({ exitCode: 2, out: '', err: 'error: no\n' });
  });

  it('is also printed under --quiet', () => {
    expect(reported(new UsageError('no'), { options: { quiet: true } }).err).toBe('error: no\n');
  });
});

describe('a fault of the service', () => {
  it.each<[FaultKind, number]>([
    ['rejected', 1],
    ['unsolvable', 1],
    ['account', 3],
    ['transport', 4],
    ['timeout', 4],
    ['throttled', 4],
  ])('of kind %s is %i', (kind, exitCode) => {
    const error = new ProviderFault(describeFault({ kind, message: 'the key is unknown' }));
    expect(reported(error)).toEqual({ exitCode, out: '', err: 'error: the key is unknown\n' });
  });
});

/** Before every message under `-v`. */
const stamp = '2026-01-02T03:04:05.000Z ';

describe('a failed system call', () => {
  it.each([
    ['ENOSPC', 'write'],
    ['EACCES', 'open'],
    ['EIO', 'read'],
  ])('with %s is 74 and shows no stack', (code, syscall) => {
    const err = `error: local input or output failed: ${syscall} ${code}\n`;
    expect(reported(systemError(code, syscall), { options: { verbosity: 2 } }).err).toBe(`${stamp}${err}`);
    expect(reported(systemError(code, syscall))).toEqual({ exitCode: 74, out: '', err });
  });

  it('on a pipe whose reader has gone is 141 and silent', () => {
    expect(reported(systemError('EPIPE'))).toEqual({ exitCode: 141, out: '', err: '' });
  });
});

describe('a bug', () => {
  const err = 'error: a bug in captcha: x is not a function\n  please report it; -v shows the stack trace\n';

  it('is 70 and shows no stack', () => {
    expect(reported(new TypeError('x is not a function'))).toEqual({ exitCode: 70, out: '', err });
  });

  it('shows its stack under -v', () => {
    const bug = new TypeError('x is not a function');
    expect(reported(bug, { options: { verbosity: 1 } }).err).toBe(`${stamp}${err}${stamp}${bug.stack}\n`);
  });

  it('that threw another value is reported with it', () => {
    const { exitCode, err: told } = reported('boom');
    expect(exitCode).toBe(70);
    expect(told).toBe(err.replace('x is not a function', 'boom'));
  });

  it('with a code but without a system call is not an input or output error', () => {
    expect(reported(Object.assign(new Error('bad'), { code: 'ERR_INVALID_ARG_TYPE' })).exitCode).toBe(70);
  });
});

describe('the word error', () => {
  it('is red with colours', () => {
    expect(reported(new UsageError('no'), { options: { color: true } }).err).toBe('\u001b[31merror:\u001b[39m no\n');
  });

  it('has no colour in JSON', () => {
    const { err } = reported(new UsageError('no'), { options: { color: true, logFormat: 'json' } });
    expect(JSON.parse(err)).toMatchObject({ time: '2026-01-02T03:04:05.000Z', level: 'error', message: 'no' });
  });
});

describe('a JSON log', () => {
  const json = { options: { logFormat: 'json' } } as const;

  it.each<[string, unknown, object]>([
    ['a usage error', new UsageError('no', 'yes'), { hint: 'yes', reason: 'usage', code: null, exitCode: 2 }],
    [
      'a fault',
      new ProviderFault(describeFault({ kind: 'account', code: 'ERROR_X', message: 'no' })),
      { hint: null, reason: 'account', code: 'ERROR_X', exitCode: 3 },
    ],
    ['a system error', systemError('ENOSPC', 'write'), { reason: 'local', code: 'ENOSPC', exitCode: 74 }],
    ['a bug', new TypeError('no'), { reason: 'bug', code: null, exitCode: 70 }],
  ])('has the parts of %s as fields', (_what, error, fields) => {
    expect(JSON.parse(reported(error, json).err)).toMatchObject(fields);
  });
});
