import { describe, expect, it } from 'vitest';
import { type BalanceFlags, run } from '../../../src/commands/balance/command.ts';
import { describeFault, ProviderFault } from '../../../src/domain/fault.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { refusalOf } from '../../cli/support/refusal.ts';

async function asked(flags: BalanceFlags = {}, parts: StageParts = {}) {
  const stage = aStage({ api: { balance: async () => 4.5 }, ...parts });
  const exitCode = await run(flags, stage.context);
  return { exitCode, out: stage.stdout.text, err: stage.stderr.text, records: stage.records };
}

describe('captcha balance', () => {
  it('prints the balance', async () => {
    expect(await asked()).toMatchObject({ exitCode: 0, out: '4.5\n', err: '' });
  });

  it('prints it as JSON', async () => {
    expect((await asked({}, { globals: { json: true } })).out).toBe('{"schemaVersion":1,"balance":4.5}\n');
  });

  it.each([
    ['4.5', 0, ''],
    ['4.51', 3, 'the balance is below 4.51\n'],
    ['0', 0, ''],
    ['-1', 0, ''],
    ['100', 3, 'the balance is below 100\n'],
  ])('with --min %s exits %i and still prints the balance', async (min, exitCode, err) => {
    expect(await asked({ min })).toMatchObject({ exitCode, out: '4.5\n', err });
  });

  it.each(['', ' ', 'five', '5 USD', 'NaN', 'Infinity'])('refuses --min %j before any request', async (min) => {
    const stage = aStage();
    expect(await refusalOf(() => run({ min }, stage.context))).toBe(`--min ${min}: not a number`);
    expect(stage.records.sessions).toEqual([]);
  });

  it('closes its session if the service refuses', async () => {
    const fault = new ProviderFault(describeFault({ kind: 'account', message: 'the key is unknown' }));
    const stage = aStage({ api: { balance: () => Promise.reject(fault) } });
    await expect(run({}, stage.context)).rejects.toBe(fault);
    expect(stage.records.closedSessions).toBe(1);
  });

  it('accepts a configuration that polls too fast: it does not poll', async () => {
    expect((await asked()).records.sessions).toEqual([{ overrides: [], allowFastPolling: true }]);
  });
});
