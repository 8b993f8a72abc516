import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import { startProgress, withElapsedTime } from '../../src/cli/progress.ts';
import { type OutputStream, Terminal, type TerminalOptions } from '../../src/cli/terminal.ts';
import { ScreenModel } from '../acceptance/support/screen.ts';
import { aTerminal, type TerminalParts, writtenAt } from './support/a-terminal.ts';

/** The output on stderr of a spinner that is started, changed and stopped. */
async function spun(parts: TerminalParts, env: Record<string, string> = {}): Promise<string> {
  const { terminal, stderr } = aTerminal(parts);
  const progress = await startProgress({ terminal, env, clock: new VirtualClock() }, 'solving turnstile');
  progress.update('attempt 1: submitting');
  progress.stop();
  return stderr.text;
}

const screen = { isTTY: true, columns: 80 };

describe('a spinner', () => {
  it.each<[string, TerminalParts, Record<string, string>]>([
    ['off a TTY', { stderr: { isTTY: false } }, {}],
    ['with 0 columns', { stderr: { isTTY: true, columns: 0 } }, {}],
    ['under CI', { stderr: screen }, { CI: 'true' }],
    ['under TERM=dumb', { stderr: screen }, { TERM: 'dumb' }],
    ['under --quiet', { stderr: screen, options: { quiet: true } }, {}],
    ['where logs are JSON', { stderr: screen, options: { logFormat: 'json' } }, {}],
  ])('is not shown %s', async (_name, parts, env) => {
    expect(await spun(parts, env)).toBe('');
  });
});

describe('the elapsed time of a text', () => {
  it('is added once a second, and starts again with the next text', async () => {
    const clock = new VirtualClock();
    const texts: string[] = [];
    const spinner = { update: (text: string) => void texts.push(text), stop: () => undefined };
    const progress = withElapsedTime(spinner, 'solving', clock);
    await clock.advance(2_000);
    progress.update('7: not ready');
    await clock.advance(1_000);
    progress.stop();
    await clock.advance(5_000);
    expect(texts).toEqual(['solving (1s)', 'solving (2s)', '7: not ready', '7: not ready (1s)']);
  });
});

/** A screen whose width changes while a batch or a task is in work. */
async function onAScreen(columns: number, options: Partial<TerminalOptions> = {}) {
  const model = new ScreenModel(columns);
  const clock = new VirtualClock();
  const stream: OutputStream & { columns: number; rows: number } = {
    ...{ isTTY: true, columns, rows: 24 },
    write: (text, done) => {
      model.write(text.replaceAll('\n', '\r\n'));
      done(null);
      return true;
    },
    on: () => undefined,
  };
  const usual: TerminalOptions = { quiet: false, verbosity: 0, color: true, logFormat: 'text' };
  const terminal = new Terminal({ stdout: stream, stderr: stream }, { ...usual, ...options }, () => writtenAt);
  const resize = (to: number): void => {
    stream.columns = to;
    model.resize(to);
  };
  return {
    model,
    clock,
    terminal,
    stream,
    resize,
    progress: await startProgress({ terminal, env: {}, clock }, 'starting'),
  };
}

const long = `0/40 done, 0 solved, 0 failed; paused since 14:15:39: 127.0.0.1:17398 answered HTTP 500, next try in 12.1s`;

describe('a spinner on a screen', () => {
  it('hides the cursor until it stops, and leaves nothing', async () => {
    const { model, progress } = await onAScreen(80);
    expect([model.lines, model.cursorIsVisible]).toEqual([['⠋ starting'], false]);
    progress.stop();
    expect([model.lines, model.cursorIsVisible]).toEqual([[], true]);
    progress.update('too late');
    expect(model.lines).toEqual([]);
  });

  it('turns, in colour where there are colours', async () => {
    const { model, clock } = await onAScreen(80);
    await clock.advance(80);
    expect(model.lines).toEqual(['⠙ starting']);
    const { terminal, stderr } = aTerminal({ stderr: screen, options: { color: true } });
    (await startProgress({ terminal, env: {}, clock }, 'solving')).stop();
    expect(stderr.text).toContain('\u001b[36m');
    expect(await spun({ stderr: screen })).not.toMatch(/\u001b\[\d+m/);
  });

  it('breaks a long text at blanks, in full', async () => {
    const { model, progress } = await onAScreen(60);
    progress.update(long);
    expect(model.lines).toEqual([
      '⠋ 0/40 done, 0 solved, 0 failed; paused since 14:15:39:',
      '  127.0.0.1:17398 answered HTTP 500, next try in 12.1s',
    ]);
  });

  it('stands below messages and results, which it never covers or repeats', async () => {
    const { model, terminal, progress } = await onAScreen(60);
    progress.update(long);
    terminal.note('a message');
    void terminal.data('a row\n');
    terminal.error('an error');
    expect(model.lines.slice(0, 4)).toEqual(['a message', 'a row', 'an error', expect.stringContaining('⠋ 0/40')]);
    progress.stop();
    expect(model.lines).toEqual(['a message', 'a row', 'an error']);
  });

  it.each([[[30]], [[100]], [[30, 100, 25, 60, 61, 10, 90]]])(
    'leaves no stale line and takes none when the width changes to %j in mid-run',
    async (widths) => {
      const { model, clock, terminal, progress, resize } = await onAScreen(60);
      for (const text of ['one', 'two', 'three']) terminal.note(text);
      progress.update(long);
      for (const width of widths) {
        resize(width);
        await clock.advance(200);
        terminal.note(`${width} columns`);
        progress.update(long);
      }
      progress.stop();
      expect(model.lines.join('\n')).toBe(
        ['one', 'two', 'three', ...widths.map((width) => `${width} columns`)].join('\n'),
      );
    },
  );

  it('shows what fits on a low screen', async () => {
    const { model, progress, stream } = await onAScreen(30);
    stream.rows = 3;
    progress.update(long);
    expect(model.lines).toHaveLength(2);
    progress.stop();
    expect(model.lines).toEqual([]);
  });
});
