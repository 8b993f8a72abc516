import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseDuration } from '../../src/domain/duration.ts';
import { loadIn } from '../config/load-in.ts';
import { root, textOf } from './support/places.ts';
import { complaintAbout } from './support/understood.ts';

const name = 'captcha-worker@.service';
const unit = textOf(`deploy/systemd/${name}`);
const hasAnalyze = spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasAnalyze) console.warn('skipped: systemd-analyze verify, since there is no systemd-analyze on the PATH');

/** The values of a key, in the order of the file. */
const valuesOf = (key: string): readonly string[] =>
  [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value!);
const environment = Object.fromEntries(valuesOf('Environment').map((pair) => pair.split('=') as [string, string]));

describe('the systemd unit of a worker', () => {
  it('starts a valid command with the region of the instance', async () => {
    const [program, ...args] = valuesOf('ExecStart')[0]!.split(' ');
    expect(program).toBe('captcha');
    expect(await complaintAbout(args)).toBe('');
    expect(environment['WORKER_REGION']).toBe('%i');
  });

  it('gets its key only as a credential', () => {
    const [credential = ''] = valuesOf('LoadCredential')[0]!.split(':');
    expect(environment['CAPTCHAAI_API_KEY_FILE']).toBe(`%d/${credential}`);
    expect(environment).not.toHaveProperty('CAPTCHAAI_API_KEY');
  });

  it('keeps its state in its state directory', () => {
    expect(environment['CAPTCHA_STATE_DIR']).toBe(`%S/${valuesOf('StateDirectory')[0]!}`);
  });

  it('gives a worker more time to stop than it takes to drain', async () => {
    const { config } = await loadIn(root, { file: 'deploy/captcha.config.json' });
    const stop = parseDuration(`${valuesOf('TimeoutStopSec')[0]!}s`) as number;
    expect(stop).toBeGreaterThanOrEqual(config.worker.drainTimeoutMs + 15_000);
    expect(valuesOf('KillSignal')).toEqual(['SIGTERM']);
  });

  it('does not restart a worker that a person must help', () => {
    expect(valuesOf('Restart')).toEqual(['on-failure']);
    expect(valuesOf('RestartPreventExitStatus')).toEqual(['2 3']);
  });

  it.runIf(hasAnalyze)('is accepted by systemd, which rates its exposure as low', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'captcha-unit-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, name);
    const analyze = (...args: string[]) => promisify(execFile)('systemd-analyze', args);
    await writeFile(path, unit.replace('ExecStart=captcha', `ExecStart=${root}bin/captcha.js`));
    expect(await analyze('verify', '--man=no', path)).toEqual({ stdout: '', stderr: '' });
    // From 0 to 100: 20 is "OK".
    expect((await analyze('security', '--offline=yes', '--threshold=20', path)).stdout).toContain('OK');

    await writeFile(path, `${unit.replace('ExecStart=captcha', 'ExecStart=/nowhere/captcha')}\nTypo=1\n`);
    const complaint = (await analyze('verify', '--man=no', path).catch((error: unknown) => error)) as {
      stderr: string;
    };
    expect(complaint.stderr).toContain('/nowhere/captcha');
    expect(complaint.stderr).toContain('Typo');
  });
});
