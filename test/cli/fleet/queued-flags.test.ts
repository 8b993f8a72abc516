import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { checkWorkersFlags, limitsOfFlags, type WorkFlags } from '../../../src/cli/fleet/queued-flags.ts';
import { register as registerBatch } from '../../../src/commands/batch/command.ts';
import { register as registerSolve } from '../../../src/commands/solve/command.ts';
import { aConfig } from '../support/a-config.ts';
import { refusalOf } from '../support/refusal.ts';

const remote = { regions: [{ name: 'us-east-1', queue: 'redis://r/0' }], results: 'redis://r/9' };
const own = { regions: [{ name: 'us-east-1', queue: 'memory:' }] };

describe('the limits sent with a task to its worker', () => {
  it.each<[string, WorkFlags, object]>([
    ['nothing without flags, whatever this configuration says', {}, {}],
    ['the timeout of a flag', { timeout: '60s' }, { timeoutMs: 60_000 }],
    ['the attempts of a flag', { maxAttempts: '2' }, { maxAttempts: 2 }],
    ['both', { timeout: '60s', maxAttempts: '2' }, { timeoutMs: 60_000, maxAttempts: 2 }],
  ])('are %s', (_what, flags, limits) => {
    const config = aConfig({ solve: { timeout: '60s' }, retry: { maxAttempts: 2 } });
    expect(limitsOfFlags(flags, config)).toEqual(limits);
  });
});

describe('--via queues', () => {
  const refused = (flags: WorkFlags, written: object): Promise<string> =>
    refusalOf(() => checkWorkersFlags(flags, aConfig(written)));

  it.each<[WorkFlags, string]>([
    [{ budget: '10/s' }, '--budget cannot be used with --via queues | workers have their own budget'],
    [{ allowFastPolling: true }, '--allow-fast-polling cannot be used with --via queues | workers do the polling'],
    [{ failFast: true }, '--fail-fast cannot be used with --via queues | set budget.onExhausted: fail'],
    [{}, 'not refused'],
    [{ timeout: '1h', maxAttempts: '9' }, 'not refused'],
  ])('with workers elsewhere, %j: %s', async (flags, refusal) => {
    const config = { ...remote, solve: { timeout: flags.timeout ?? '5m' } };
    expect(await refused(flags, config)).toContain(refusal);
  });

  it('sends no task whose limits its worker could not keep', async () => {
    const config = { ...remote, solve: { timeout: '61m' } };
    expect(await refused({ timeout: '61m' }, config)).toBe(
      '--timeout 61m cannot be used with --via queues | the maximum with --via queues is 1h',
    );
    expect(await refused({}, config)).toBe('not refused');
  });

  it('accepts flags for the work if this process does it', async () => {
    const flags = { budget: '10/s', allowFastPolling: true } as const;
    expect(await refused(flags, own)).toBe('not refused');
    expect(await refused({ failFast: true }, own)).toContain('--fail-fast');
  });
});

describe('docs/queues.md', () => {
  const [, section = ''] = readFileSync('docs/queues.md', 'utf8').split('## Flags under `--via queues`');
  const said = new Set([...section.split('\n## ')[0]!.matchAll(/`(--[\w-]+)/g)].map(([, flag]) => flag!));

  it.each([
    ['solve', registerSolve],
    ['batch', registerBatch],
  ] as const)('says of every flag of captcha %s what it means to --via queues', (_name, register) => {
    const command = new Command();
    register(command, () => Promise.resolve());
    const flags = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long ?? '');
    expect(flags.length).toBeGreaterThan(10);
    expect(flags.filter((flag) => !said.has(flag))).toEqual([]);
  });
});
