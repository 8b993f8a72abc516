import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import { startProgress, withElapsedTime } from '../../src/cli/progress.ts';
import { aTerminal, type TerminalParts } from './support/a-terminal.ts';

/** The output on stderr of a spinner that is started, changed and stopped. */
async function spun(parts: TerminalParts, env: Record<string, string> = {}): Promise<string> {
  const { terminal, stderr } = aTerminal(parts);
  const progress = await startProgress(terminal, env, 'solving turnstile');
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

describe('a spinner on a screen', () => {
  // ora reads the environment of the process itself.
  beforeEach(() => {
    vi.stubEnv('CI', undefined);
    vi.stubEnv('TERM', 'xterm');
    vi.stubEnv('FORCE_COLOR', '1');
  });
  afterEach(() => vi.unstubAllEnvs());

  async function shown(color: boolean): Promise<string> {
    const { terminal, stderr } = aTerminal({ stderr: screen, options: { color } });
    const progress = await startProgress(terminal, { TERM: 'xterm' }, 'solving turnstile');
    progress.stop();
    return stderr.text;
  }

  it('shows its text, and shows the cursor again when it stops', async () => {
    const text = await shown(true);
    expect(text).toContain('solving turnstile');
    expect(text.indexOf('\u001b[?25l')).toBeGreaterThanOrEqual(0);
    expect(text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'));
  });

  it('has no colour if colours are off', async () => {
    expect(await shown(false)).not.toMatch(/\u001b\[\d+m/);
    expect(await shown(true)).toContain('\u001b[36m');
  });

  it('does not read standard input, so that Ctrl-C works', async () => {
    const setRawMode = vi.fn();
    const stdin = Object.assign(process.stdin, { isTTY: true, setRawMode });
    try {
      await shown(true);
      expect(setRawMode).not.toHaveBeenCalled();
    } finally {
      Object.assign(stdin, { isTTY: undefined, setRawMode: undefined });
    }
  });
});
