import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { BatchFlags } from '../../../src/commands/batch/flags.ts';
import type { Task } from '../../../src/domain/task.ts';
import { batch, header, image, place, read, statuses, three } from '../../cli/support/a-batch.ts';
import { aGaveUp, aSolved } from '../../cli/support/outcomes.ts';
import { refusalOf } from '../../cli/support/refusal.ts';

const failingAll = (reason: 'unsolvable' | 'breaker-open') => (task: Task) => aGaveUp({ taskId: task.taskId, reason });

describe('captcha batch', () => {
  it('writes one row per task to the output, and a summary to stderr', async () => {
    const { exitCode, out, err } = await batch();
    expect([exitCode, out]).toEqual([0, '']);
    expect(statuses(read('out.csv'))).toEqual(['a', 'b', 'c'].map((id) => `${id},base64,${image},solved`));
    expect(err).toContain('3 solved, 0 failed');
    expect(readdirSync(place('.'))).toEqual(expect.not.arrayContaining(['out.csv.partial']));
  });

  it('prints JSON Lines with --json', async () => {
    const { out } = await batch({ flags: { out: '-' }, globals: { json: true } });
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ schemaVersion: 1, status: 'solved', attempts: 1, expired: false });
  });

  it.each([
    ['a fault of the system', Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' }), 74],
    ['a record that never ends', null, 1],
  ])('finishes started tasks if its input breaks off: %s', async (_what, fault, code) => {
    async function* input() {
      yield Buffer.from(three);
      await new Promise((resolve) => setImmediate(resolve));
      if (fault !== null) throw fault;
      yield Buffer.from('d,base64,"aW1n\n');
    }
    const { exitCode, err } = await batch({ stdin: Readable.from(input()), flags: { file: '-' } });
    expect(exitCode, err).toBe(code);
    expect(statuses(read('out.csv')).map((line) => line.split(',')[0])).toEqual(['a', 'b', 'c']);
    expect(err).toMatch(/stopped: the rest of the input cannot be read \((after line 4: EIO|line 5: the quote)/);
  });

  it('is a bug if reading throws an error that no input can cause', async () => {
    async function* input() {
      yield Buffer.from(three);
      await new Promise((resolve) => setImmediate(resolve));
      throw new TypeError('no');
    }
    await expect(batch({ stdin: Readable.from(input()), flags: { file: '-' } })).rejects.toThrow('no');
  });

  it('solves nothing again when it is run again', async () => {
    await batch();
    const before = read('out.csv');
    const { exitCode, records } = await batch();
    expect([exitCode, records.tasks, read('out.csv')]).toEqual([0, [], before]);
  });

  it('reports the failures of earlier runs, too', async () => {
    await batch({ outcome: failingAll('unsolvable') });
    const { exitCode, err } = await batch();
    expect(exitCode).toBe(1);
    expect(err).toContain('with earlier runs: 0 solved, 3 failed (unsolvable 3)');
  });

  it('exits 4 if every task failed for a temporary reason', async () => {
    expect((await batch({ outcome: failingAll('breaker-open') })).exitCode).toBe(4);
  });

  it('keeps the failed rows that --retry-failed did not reach', async () => {
    await batch({ outcome: failingAll('unsolvable') });
    await batch({ flags: { retryFailed: true, limit: '1' } });
    expect(statuses(read('out.csv')).map((line) => line.split(',')[0])).toEqual(['a', 'b', 'c']);
    expect(read('out.csv').match(/,solved,/g)).toHaveLength(1);
    await batch({ flags: { retryFailed: true } });
    expect(read('out.csv').match(/,solved,/g)).toHaveLength(3);
  });

  it('solves expired rows again, without a second row', async () => {
    const outcome = (task: Task) => aSolved({ taskId: task.taskId, expiresAt: 1 });
    await batch({ outcome });
    const { records } = await batch({ outcome, flags: { resolveExpired: true } });
    expect(records.tasks).toHaveLength(3);
    expect(statuses(read('out.csv'))).toHaveLength(3);
  });

  it('stops on an account error with 3', async () => {
    const outcome = (task: Task) => aGaveUp({ taskId: task.taskId, reason: 'account', message: 'no balance' });
    const { exitCode, err } = await batch({ outcome });
    expect(exitCode).toBe(3);
    expect(err).toContain('no balance');
  });

  it('rewrites the output with --export', async () => {
    await batch();
    const before = read('out.csv');
    writeFileSync(place('out.csv'), 'spoilt');
    expect((await batch({ flags: { export: true } })).exitCode).toBe(0);
    expect(read('out.csv')).toBe(before);
  });

  it('renames journal and output with --fresh', async () => {
    await batch();
    const { records } = await batch({ flags: { fresh: true } });
    expect(records.tasks).toHaveLength(3);
    expect(existsSync(place('out.csv.1')) && existsSync(place('out.csv.journal.1'))).toBe(true);
  });

  it('does not touch an output that no journal explains, also in the sandbox', async () => {
    for (const sandbox of [false, true]) {
      writeFileSync(place('out.csv'), 'mine');
      expect(await refusalOf(() => batch({ globals: { sandbox } }))).toContain('--fresh');
      expect(read('out.csv')).toBe('mine');
    }
  });

  it.each<[string, Partial<BatchFlags>]>([
    ['--out names the input', { out: './in.csv' }],
    ['--errors names the input', { errors: 'in.csv' }],
    ['--errors names the output', { errors: 'out.csv' }],
    ['--journal names the output', { journal: 'out.csv' }],
    ['--via queues', { via: 'queues' }],
    ['--region names none', { region: 'nowhere' }],
    ['--export and --fresh', { export: true, fresh: true }],
    ['--limit is no number', { limit: 'x' }],
    ['--max-duration is none', { maxDuration: '60' }],
  ])('refuses to start if %s, and changes no file', async (_sentence, flags) => {
    const inFolder = ([name, value]: [string, unknown]): [string, unknown] =>
      ['out', 'errors', 'journal'].includes(name) ? [name, place(value as string)] : [name, value];
    const placed = Object.fromEntries(Object.entries(flags).map(inFolder)) as Partial<BatchFlags>;
    expect(await refusalOf(() => batch({ flags: placed }))).not.toBe('not refused');
    expect(read('in.csv')).toBe(three);
    expect(readdirSync(place('.'))).toEqual(['in.csv']);
  });
});

describe('invalid rows', () => {
  const mixed = `${header}\na,base64,${image},\na,base64,${image},\n,turnstile,,\n`;

  it('are listed on stderr in full, are not in the output, and make the exit code 1', async () => {
    const { exitCode, err } = await batch({ input: mixed });
    expect(exitCode).toBe(1);
    expect(err).toContain('line 3, task_id: duplicate task_id a');
    expect(err).toContain('line 4');
    expect(statuses(read('out.csv'))).toEqual([`a,base64,${image},solved`]);
  });

  it('go to --errors, for a pipe as for a file', async () => {
    for (const flags of [{}, { file: '-', out: '-', journal: place('j') }]) {
      await batch({
        input: mixed,
        stdin: Readable.from([Buffer.from(mixed)]),
        flags: { errors: place('bad.csv'), ...flags },
      });
      const lines = read('bad.csv').trim().split('\n');
      expect(lines[0]).toBe('line,row,column,reason,fix');
      expect(lines).toHaveLength(3);
    }
  });

  it('prevent a start with --strict', async () => {
    expect(await refusalOf(() => batch({ input: mixed, flags: { strict: true } }))).toContain('2 of 3 rows');
  });

  it('cannot be detected before the start on standard input, so that --strict is refused there', async () => {
    const stdin = Readable.from([Buffer.from(three)]);
    expect(await refusalOf(() => batch({ stdin, flags: { file: '-', strict: true } }))).toContain('--strict');
  });

  it('exit 1 if there are no others', async () => {
    expect((await batch({ input: `${header}\n,turnstile,,\n` })).exitCode).toBe(1);
  });

  it('are counted next to the tasks by --dry-run --json', async () => {
    const { out } = await batch({ input: mixed, flags: { dryRun: true }, globals: { json: true } });
    expect(JSON.parse(out)).toMatchObject({ tasks: 1, rows: 3, bad: 2 });
  });

  it('are counted by --dry-run, which sends nothing and needs no session', async () => {
    const { exitCode, out, records } = await batch({ input: mixed, flags: { dryRun: true } });
    expect(exitCode).toBe(1);
    expect(out).toContain('invalid  2');
    expect(records.sessions).toEqual([]);
    expect(existsSync(place('out.csv'))).toBe(false);
  });
});
