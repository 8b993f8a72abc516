import { describe, expect, it } from 'vitest';
import type { CheckReport } from '../../../src/commands/doctor/finding.ts';
import { renderDoctor, renderDoctorSummary } from '../../../src/commands/doctor/view.ts';

const plain = { hasSigns: false, columns: null, style: (_style: string, text: string) => text };
const reports: CheckReport[] = [
  { check: 'config', status: 'ok', found: 'valid', fix: null },
  { check: 'key', status: 'warning', found: 'from a file\nfor all to read', fix: 'chmod 600 /a/key' },
  { check: 'api', status: 'failure', found: 'no answer from the service that was asked', fix: 'try again\nor ask' },
  { check: 'clock', status: 'skipped', found: 'not told', fix: null },
];

describe('the list', () => {
  it('is aligned and grouped, in words, with each fix below its finding', () => {
    expect(renderDoctor(reports, plain)).toBe(
      [
        'configuration',
        '  ok       config         valid',
        '  warning  key            from a file',
        '                          for all to read',
        '                          fix: chmod 600 /a/key',
        '',
        'service',
        '  failure  api            no answer from the service that was asked',
        '                          fix: try again',
        '                               or ask',
        '  skipped  clock          not told',
        '',
        'machine',
        '',
        'regions',
        '',
      ].join('\n'),
    );
  });

  it('has symbols on a screen, and wraps at its width', () => {
    const text = renderDoctor(reports, { ...plain, hasSigns: true, columns: 46 });
    expect(text).toContain('  ✔  config         valid\n  !  key            from a file\n');
    expect(text).toContain('  ✖  api            no answer from the service\n                    that was asked\n');
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(46);
  });

  it('styles the symbols only, to keep the alignment', () => {
    const text = renderDoctor(reports, { ...plain, hasSigns: true, style: (name, inner) => `<${name}>${inner}</>` });
    expect(text).toContain('  <green>✔</>  config         valid');
    expect(text).toContain('<bold>service</>');
  });

  it('has a summary line', () => {
    expect(renderDoctorSummary(reports)).toBe('1 ok, 1 warning, 1 failure, 1 skipped');
  });
});
