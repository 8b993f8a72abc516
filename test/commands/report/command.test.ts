import { describe, expect, it } from 'vitest';
import { type ReportFlags, run } from '../../../src/commands/report/command.ts';
import { describeFault, type FaultKind, ProviderFault } from '../../../src/domain/fault.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';

/** Reports to a service that refuses these ids. */
async function reported(flags: ReportFlags, refused: Record<string, FaultKind> = {}, parts: StageParts = {}) {
  const told: string[] = [];
  const report = async (id: string, verdict: string): Promise<void> => {
    told.push(`${verdict} ${id}`);
    const kind = refused[id];
    if (kind !== undefined) throw new ProviderFault(describeFault({ kind, code: 'ERROR_X', message: 'not recorded' }));
  };
  const stage = aStage({ api: { report }, ...parts });
  const exitCode = await run(flags, stage.context);
  return { exitCode, told, out: stage.stdout.text, err: stage.stderr.text, closed: stage.records.closedSessions };
}

describe('captcha report', () => {
  it.each(['good', 'bad'] as const)('reports ids as %s, and prints how many were recorded', async (verdict) => {
    expect(await reported({ verdict, ids: ['71', '72'] })).toEqual({
      exitCode: 0,
      told: [`${verdict} 71`, `${verdict} 72`],
      out: '',
      err: `2 of 2 reported as ${verdict}\n`,
      closed: 1,
    });
  });

  it('names an id that was not recorded, and continues with the others', async () => {
    const { exitCode, told, err } = await reported({ verdict: 'bad', ids: ['71', '72', '73'] }, { 72: 'rejected' });
    expect(exitCode).toBe(1);
    expect(told).toHaveLength(3);
    expect(err).toBe('72: not recorded\n2 of 3 reported as bad\n');
  });

  it.each<[FaultKind, number]>([
    ['rejected', 1],
    ['account', 3],
    ['transport', 4],
  ])('exits for a fault of kind %s with %i', async (kind, exitCode) => {
    expect((await reported({ verdict: 'good', ids: ['71'] }, { 71: kind })).exitCode).toBe(exitCode);
  });

  it('prints every id as JSON', async () => {
    const parts = { globals: { json: true } };
    const { out, err } = await reported({ verdict: 'bad', ids: ['71', '72'] }, { 72: 'rejected' }, parts);
    expect(err).toBe('72: not recorded\n');
    expect(JSON.parse(out)).toEqual({
      schemaVersion: 1,
      verdict: 'bad',
      results: [
        { captchaId: '71', recorded: true, code: null },
        { captchaId: '72', recorded: false, code: 'ERROR_X' },
      ],
    });
  });

  it('passes a bug through and closes its session', async () => {
    const stage = aStage({ api: { report: () => Promise.reject(new TypeError('a bug')) } });
    await expect(run({ verdict: 'good', ids: ['71'] }, stage.context)).rejects.toThrow('a bug');
    expect(stage.records.closedSessions).toBe(1);
  });
});
