import { describe, expect, it } from 'vitest';
import { doctorExitCode } from '../../../src/commands/doctor/command.ts';
import { type CheckName, checkNames, type CheckReport } from '../../../src/commands/doctor/finding.ts';

const report = (check: CheckName, status: CheckReport['status']): CheckReport => ({
  check,
  status,
  found: '',
  fix: null,
});

describe('the exit code of an examination', () => {
  it.each(['ok', 'warning', 'skipped'] as const)('is 0 if every check is %s', (status) => {
    expect(doctorExitCode(checkNames.map((check) => report(check, status)))).toBe(0);
  });

  it.each<[CheckName, number]>([
    ['config', 2],
    ['key', 2],
    ['proxy', 2],
    ['account', 3],
    ['api', 4],
    ['state-folder', 74],
    ['disk-space', 74],
    ['clock', 1],
    ['node', 1],
    ['region-health', 1],
  ])('of a failure of %s is %i', (check, code) => {
    expect(doctorExitCode([report('latency', 'ok'), report(check, 'failure')])).toBe(code);
  });

  it.each<[CheckName[], number]>([
    [['clock', 'api', 'state-folder', 'account', 'key'], 2],
    [['clock', 'api', 'state-folder', 'account'], 3],
    [['clock', 'api', 'state-folder'], 74],
    [['clock', 'api'], 4],
  ])('of failures of %j is %i', (checks, code) => {
    expect(doctorExitCode(checks.map((check) => report(check, 'failure')))).toBe(code);
  });
});
