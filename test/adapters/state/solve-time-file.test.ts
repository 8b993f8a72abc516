import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealed } from '../../../src/adapters/state/sealed-line.ts';
import { SolveTimeFile } from '../../../src/adapters/state/solve-time-file.ts';
import type { LoggedSolveTime } from '../../../src/ports/state.ts';
import { buildChild, type Program } from './support/children.ts';

const baseUrl = 'https://user:secret-password@example.com';

let stateFolder: string;
beforeEach(() => (stateFolder = mkdtempSync(join(tmpdir(), 'solve-times-'))));
afterEach(() => rmSync(stateFolder, { recursive: true, force: true }));

function aFile(parts: { stateFolder?: string; baseUrl?: string; keptPerMethod?: number } = {}) {
  const warnings: string[] = [];
  const onUnavailable = (message: string): void => void warnings.push(message);
  return { file: new SolveTimeFile({ stateFolder, baseUrl, keptPerMethod: 64, onUnavailable, ...parts }), warnings };
}

const time = (method: string, readyMs: number): LoggedSolveTime => ({ method, time: { notReadyMs: 0, readyMs } });
const folder = (): string => join(stateFolder, 'solve-times');
const pathOf = (): string =>
  join(
    folder(),
    readdirSync(folder()).find((name) => name.endsWith('.log'))!,
  );

describe('a file of solve times', () => {
  it('is empty where nothing was written, and makes no folder to find that out', () => {
    const { file, warnings } = aFile();
    expect(file.read()).toEqual([]);
    expect([readdirSync(stateFolder), warnings]).toEqual([[], []]);
  });

  it('is read by other processes of the same service, and by no others', () => {
    aFile().file.append([time('turnstile', 4_000), time('base64', 600)]);
    aFile().file.append([time('turnstile', 5_000)]);
    expect(aFile().file.read()).toEqual([time('turnstile', 4_000), time('base64', 600), time('turnstile', 5_000)]);
    expect(aFile({ baseUrl: 'https://example.org' }).file.read()).toEqual([]);
  });

  it('names neither the address nor its password, and is for its user only', () => {
    aFile().file.append([time('turnstile', 4_000)]);
    expect(readdirSync(folder()).join()).toMatch(/^[0-9a-f]{16}\.log$/);
    expect(readFileSync(pathOf(), 'utf8')).not.toContain('secret');
    const mode = execFileSync('stat', ['-c', '%a', pathOf()], { encoding: 'utf8' });
    expect(mode.trim()).toBe('600');
  });

  it('keeps the latest of each method, and does not grow', () => {
    const { file } = aFile({ keptPerMethod: 4 });
    for (let index = 0; index < 2_000; index += 1) file.append([time(`m${index % 2}`, index)]);
    const kept = aFile({ keptPerMethod: 4 }).file.read();
    expect(kept.map(({ time: { readyMs } }) => readyMs)).toEqual([
      1_992, 1_993, 1_994, 1_995, 1_996, 1_997, 1_998, 1_999,
    ]);
    expect(readFileSync(pathOf()).length).toBeLessThan(10_000);
  });

  it('does not grow with the number of methods', () => {
    const { file } = aFile();
    for (let index = 0; index < 500; index += 1) file.append([time(`m${index}`, index)]);
    expect(
      new Set(
        aFile()
          .file.read()
          .map(({ method }) => method),
      ).size,
    ).toBeLessThanOrEqual(32);
  });

  it.each([
    ['torn lines', '{"m":"turnstile","t":[0,'],
    ['a changed line', '{"m":"turnstile","t":[0,9],"c":"00000000"}\n'],
    ['something else with a checksum', sealed('{"m":"turnstile","t":[5,1]').toString()],
    ['no JSON with a checksum', sealed('{"m":').toString()],
    ['times that nobody waits for', sealed('{"m":"turnstile","t":[0,1e12]').toString()],
    ['zeros of a crashed machine', '\0'.repeat(5_000)],
    ['more than is ever read', `${'x'.repeat(300_000)}\n`],
  ])('forgets %s, and nothing else', (_what, damage) => {
    aFile().file.append([time('turnstile', 1)]);
    appendFileSync(pathOf(), damage);
    const { file, warnings } = aFile();
    file.append([time('turnstile', 2)]);
    const readyMs = aFile()
      .file.read()
      .map((each) => each.time.readyMs);
    expect(readyMs.at(-1)).toBe(2);
    expect(readyMs.every((ms) => ms === 1 || ms === 2)).toBe(true);
    expect(warnings).toEqual([]);
  });

  it('says once that its folder cannot be written, and goes on without it', () => {
    // Not even root can.
    const { file, warnings } = aFile({ stateFolder: '/dev/null/captcha' });
    file.append([time('turnstile', 1)]);
    file.append([time('turnstile', 2)]);
    expect(file.read()).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  it.each(['file', 'pipe'] as const)('says once that a %s is in its way, and goes on without it', (kind) => {
    if (kind === 'file') writeFileSync(folder(), '');
    else {
      aFile().file.append([time('turnstile', 1)]);
      const path = pathOf();
      rmSync(path);
      execFileSync('mkfifo', [path]);
    }
    const { file, warnings } = aFile();
    expect(file.read()).toEqual([]);
    file.append([time('turnstile', 1)]);
    expect(warnings).toHaveLength(1);
  });

  it('goes on where its folder is removed', () => {
    const { file, warnings } = aFile();
    file.append([time('turnstile', 1)]);
    rmSync(folder(), { recursive: true });
    file.append([time('turnstile', 2)]);
    expect(aFile().file.read()).toEqual([time('turnstile', 2)]);
    expect(warnings).toEqual([]);
  });

  it('removes what killed processes have left, once it is old', () => {
    mkdirSync(folder());
    writeFileSync(join(folder(), 'old.log.1.tmp'), '');
    execFileSync('touch', ['-d', '2 minutes ago', join(folder(), 'old.log.1.tmp')]);
    writeFileSync(join(folder(), 'new.log.2.tmp'), '');
    const { file } = aFile({ keptPerMethod: 1 });
    for (let index = 0; index < 300; index += 1) file.append([time('turnstile', index)]);
    expect(readdirSync(folder()).filter((name) => name.endsWith('.tmp'))).toEqual(['new.log.2.tmp']);
  });
});

describe('processes that share a file of solve times', () => {
  let program: Program;
  beforeAll(async () => (program = await buildChild(join(import.meta.dirname, 'support', 'child-solve-times.ts'))));
  afterAll(() => program.remove());

  interface Writer {
    readonly child: ChildProcess;
    readonly said: () => string;
    readonly ended: Promise<unknown>;
  }

  /** Answers the process once it has written something. */
  async function writer(count: number): Promise<Writer> {
    const args = [program.path, stateFolder, baseUrl, String(count)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data.toString()));
    while (!said.includes('begun')) await once(child.stdout, 'data');
    return { child, said: () => said, ended };
  }

  it('lose nothing of what is kept, though they write at the same time and some are killed', async () => {
    for (let round = 0; round < 2; round += 1) {
      const victims = await Promise.all([writer(1e9), writer(1e9), writer(1e9)]);
      await sleep(Math.random() * 100);
      for (const { child } of victims) child.kill('SIGKILL');
      await Promise.all(victims.map(({ ended }) => ended));
      expect(victims.map(({ said }) => said()).join('')).not.toContain('unavailable');
    }
    const survivor = await writer(600);
    await survivor.ended;
    expect(survivor.said()).toBe('begun\nended\n');
    const { file, warnings } = aFile();
    const kept = file.read();
    expect(warnings).toEqual([]);
    for (const method of ['m0', 'm1', 'm2']) {
      const readyMs = kept.filter((each) => each.method === method).map((each) => each.time.readyMs);
      const first = Number(method.slice(1)) + 1;
      expect(readyMs).toEqual(Array.from({ length: 64 }, (_, index) => first + 3 * (136 + index)));
    }
    expect(readFileSync(pathOf()).length).toBeLessThan(50_000);
  });
});
