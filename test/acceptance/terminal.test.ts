import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { type Bench, it, turnstile } from './support/bench.ts';
import { bin, type Running } from './support/running.ts';
import { screenOf } from './support/screen.ts';
import { solution } from './support/secrets.ts';
import { hourMs } from './support/service-clock.ts';
import { firstRows } from '../support/exhaustive.ts';

/** BSD's script has other arguments. */
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));
const frame = /[\u2801-\u28ff]/;
const escape = '\u001b';

interface OnTerminal {
  readonly at: Sandbox;
  readonly columns: number;
  /** Target of stdout: the file `out` in the working directory, or also the terminal. */
  readonly out?: 'file' | 'terminal';
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');

/**
 * Starts `captcha solve` on a pseudo terminal, which shows the process's stdout. Its process id goes to the file `pid`
 * in the working directory.
 */
async function solveOnTerminal(
  bench: Bench,
  { at, columns, out = 'file', args = [], env = {} }: OnTerminal,
): Promise<Running> {
  const config = await bench.write('terminal.json', {
    polling: { firstWait: '0ms', interval: '50ms' },
    retry: { baseDelay: '300ms', strategy: 'fixed' },
  });
  const command = quoted([process.execPath, bin, '--config', config, 'solve', ...turnstile, ...args]);
  const script = `stty cols ${columns} rows 24; echo $$ > pid; exec ${command}${out === 'file' ? ' > out' : ''}`;
  const terminal = { TERM: 'xterm-256color', ...env };
  return bench.startOther('script', ['-qec', script, '/dev/null'], { at, env: terminal });
}

const outOf = (bench: Bench): Promise<string> => readFile(join(bench.cwd, 'out'), 'utf8');

describe.skipIf(!hasScript).concurrent('on a terminal (skipped without the script of util-linux)', () => {
  firstRows(it).for([80, 20])(
    'of %d columns captcha solve spins, and leaves nothing behind',
    async (columns, { bench }) => {
      const at = await bench.sandbox({ latencyMs: [500, 500] });
      const { code, stdout } = await (await solveOnTerminal(bench, { at, columns })).ended;
      expect(code).toBe(0);
      expect(await outOf(bench)).toBe(`${solution}\n`);
      expect(stdout).toMatch(frame);
      expect(screenOf(stdout, columns)).toEqual({ lines: [], cursorIsVisible: true });
    },
  );

  it('that also shows stdout contains nothing but the solution', async ({ bench }) => {
    const at = await bench.sandbox({ latencyMs: [300, 300] });
    const { code, stdout } = await (await solveOnTerminal(bench, { at, columns: 300, out: 'terminal' })).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(frame);
    expect(screenOf(stdout, 300)).toEqual({ lines: [solution], cursorIsVisible: true });
  });

  it('shows messages complete and above the spinner', async ({ bench }) => {
    const at = await bench.sandbox({ latencyMs: [300, 300] });
    at.script({ mode: 503, endpoint: 'submit', times: 2 });
    const { stdout } = await (await solveOnTerminal(bench, { at, columns: 120 })).ended;
    expect(stdout).toMatch(frame);
    expect(screenOf(stdout, 120).lines).toEqual([
      expect.stringMatching(/^attempt 1 failed: .* HTTP 503 with an HTML page: 503 Service Unavailable$/),
      expect.stringMatching(/^retrying in 300ms: attempt \d of \d \(.*\)$/),
      expect.stringMatching(/^attempt 2 failed: /),
      expect.stringMatching(/^retrying in 300ms: attempt \d of \d \(.*\)$/),
    ]);
  });

  it('with 0 columns shows no spinner and does not hang', async ({ bench }) => {
    const at = await bench.sandbox({ latencyMs: [300, 300] });
    const { code, stdout } = await (await solveOnTerminal(bench, { at, columns: 0 })).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(await outOf(bench)).toBe(`${solution}\n`);
  });

  firstRows(it).for<[string, Partial<OnTerminal>]>([
    ['with --quiet', { args: ['-q'] }],
    ['with --log-format json', { args: ['--log-format', 'json'] }],
    ['in CI', { env: { CI: 'true' } }],
    ['on a dumb one', { env: { TERM: 'dumb' } }],
  ])('shows no spinner %s', async ([, special], { bench }) => {
    const at = await bench.sandbox({ latencyMs: [200, 200] });
    const { code, stdout } = await (await solveOnTerminal(bench, { at, columns: 80, ...special })).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });

  firstRows(it).for([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('has no colours with %j', async (env, { bench }) => {
    const at = await bench.sandbox();
    at.script({ mode: 'ERROR_PAGEURL', endpoint: 'submit' });
    const { stdout } = await (await solveOnTerminal(bench, { at, columns: 80, env })).ended;
    expect(stdout).toContain('ERROR_PAGEURL');
    expect(stdout).not.toMatch(new RegExp(`${escape}\\[[\\d;]+m`));
  });

  it('shows the cursor again when a second Ctrl-C ends the program', async ({ bench }) => {
    const at = await bench.sandbox({ latencyMs: [hourMs, hourMs] });
    const running = await solveOnTerminal(bench, { at, columns: 300 });
    await running.said(/not ready/);
    const pid = Number(await readFile(join(bench.cwd, 'pid'), 'utf8'));
    process.kill(pid, 'SIGINT');
    await running.said(/still polled/);
    await sleep(400);
    process.kill(pid, 'SIGINT');
    const { code, stdout } = await running.ended;
    const { lines, cursorIsVisible } = screenOf(stdout, 300);
    expect({ code, cursorIsVisible }).toEqual({ code: 130, cursorIsVisible: true });
    expect(lines.at(-1)).toMatch(/^collect it later with: captcha --config \S+ result \d+$/);
    expect(lines.filter((line) => frame.test(line))).toEqual([]);
  });
});
