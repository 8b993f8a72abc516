import { describe, expect, it } from 'vitest';
import { Terminal, wantsColor } from '../../src/cli/terminal.ts';
import { aTerminal, writtenAt } from './support/a-terminal.ts';
import { FakeStream, systemError } from './support/fake-stream.ts';

describe('results', () => {
  it('go to stdout unchanged', async () => {
    const { terminal, stdout, stderr } = aTerminal({ options: { quiet: true, logFormat: 'json', color: true } });
    await terminal.result('token\n');
    expect(stdout.text).toBe('token\n');
    expect(stderr.text).toBe('');
  });

  it('in JSON are one line that starts with the version of its schema', async () => {
    const { terminal, stdout } = aTerminal();
    await terminal.json({ balance: 3, note: 'a\nb' });
    expect(stdout.text).toBe('{"schemaVersion":1,"balance":3,"note":"a\\nb"}\n');
  });

  it.each(['EPIPE', 'ENOSPC'])('that cannot be written reject with %s, and flushing continues', async (code) => {
    const { terminal } = aTerminal({ stdout: { writesBeforeError: 0, error: systemError(code) } });
    await expect(terminal.result('token\n')).rejects.toMatchObject({ code });
    await expect(terminal.json({})).rejects.toMatchObject({ code });
    await expect(terminal.flush()).resolves.toBeUndefined();
  });
});

describe('notes', () => {
  const moment = '2026-01-02T03:04:05.000Z';

  it.each([
    [0, ['a']],
    [1, [`${moment} a`, `${moment} b`]],
    [2, [`${moment} a`, `${moment} b`, `${moment} c`]],
  ])('at verbosity %i are those up to that level, from -v on with the time', (verbosity, told) => {
    const { terminal, stdout, stderr } = aTerminal({ options: { verbosity } });
    terminal.note('a');
    terminal.note('b', { level: 1 });
    terminal.note('c', { level: 2 });
    expect(stderr.text).toBe(told.map((text) => `${text}\n`).join(''));
    expect(stdout.text).toBe('');
  });

  it('have the local time of day on a screen', () => {
    const { terminal, stderr } = aTerminal({ options: { verbosity: 1 }, stderr: { isTTY: true } });
    terminal.note('two\nlines');
    const [time] = new Date(moment).toTimeString().split(' ');
    expect(stderr.text).toBe(`${time}.000 two\nlines\n`);
  });

  it('are silent under --quiet, whatever -v is; errors are not', () => {
    const { terminal, stderr } = aTerminal({ options: { quiet: true, verbosity: 2 } });
    terminal.note('a');
    terminal.error('b');
    expect(stderr.text).toBe(`${moment} b\n`);
  });

  it('do not contain their fields in text logs', () => {
    const { terminal, stderr } = aTerminal();
    terminal.note('a', { fields: { event: 1 } });
    expect(stderr.text).toBe('a\n');
  });

  it('are one JSON object per line with their fields in JSON logs', () => {
    const { terminal, stderr } = aTerminal({ options: { logFormat: 'json' } });
    terminal.note('two\nlines', { fields: { event: { type: 'submitting' } } });
    terminal.error('bad', { code: 3 });
    const lines = stderr.text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { time: new Date(writtenAt).toISOString(), level: 'info', message: 'two\nlines', event: { type: 'submitting' } },
      { time: new Date(writtenAt).toISOString(), level: 'error', message: 'bad', code: 3 },
    ]);
  });

  it('that cannot be written are ignored', async () => {
    const { terminal } = aTerminal({ stderr: { writesBeforeError: 0 } });
    expect(() => terminal.error('lost')).not.toThrow();
    await expect(terminal.flush()).resolves.toBeUndefined();
  });
});

describe('what a terminal would obey', () => {
  const hostile = 'a\u001b[2Jb\u001b]0;x\u0007\u009b1m\u202e\r\tc\r\n\u001b[31md';
  const shown = 'a [2Jb ]0;x  1m  \tc\r\n [31md';

  it('leaves notes, errors and results, and line ends and tabs stay', async () => {
    const { terminal, stdout, stderr } = aTerminal();
    terminal.note(hostile);
    terminal.error(hostile);
    await terminal.result(hostile);
    expect(stderr.text).toBe(`${shown}\n${shown}\n`);
    expect(stdout.text).toBe(shown);
    expect(terminal.shown(hostile)).toBe(shown);
  });

  it('leaves data on a screen, and data in a pipe is unchanged', async () => {
    const screen = aTerminal({ stdout: { isTTY: true } });
    await screen.terminal.data(hostile);
    expect(screen.stdout.text).toBe(shown);
    const pipe = aTerminal();
    await pipe.terminal.data(hostile);
    expect(pipe.stdout.text).toBe(hostile);
  });

  it('is escaped in JSON', async () => {
    const { terminal, stdout, stderr } = aTerminal({ options: { logFormat: 'json' } });
    terminal.note(hostile, { fields: { code: hostile } });
    await terminal.json({ text: hostile });
    for (const { text } of [stdout, stderr]) expect(text).not.toMatch(/[^ -~\n]/);
    expect(JSON.parse(stdout.text)).toMatchObject({ text: hostile });
    expect(JSON.parse(stderr.text)).toMatchObject({ message: hostile, code: hostile });
  });

  it('does not concern the styles of the program', () => {
    const { terminal, stderr } = aTerminal({ options: { color: true } });
    terminal.error(`${terminal.style('red', 'error:')} \u001b[5mx \u001b[31mred\u001b[39m`);
    expect(stderr.text).toBe('\u001b[31merror:\u001b[39m  [5mx  [31mred [39m\n');
  });
});

describe('a hidden secret', () => {
  it.each([
    ['as it is', 'abc+/def', 'key abc+/def!', 'key ***!\n'],
    ['as it stands in a URL', 'abc+/def', '?key=abc%2B%2Fdef&x', '?key=***&x\n'],
    ['wherever it occurs', 'abcdef', 'abcdef abcdef', '*** ***\n'],
  ])('is masked %s', (_name, ...[secret, text, shown]) => {
    const { terminal, stderr } = aTerminal();
    terminal.hide(secret);
    terminal.error(text);
    expect(stderr.text).toBe(shown);
  });

  it('is masked in JSON, its fields included, in any escaping', () => {
    const { terminal, stderr } = aTerminal({ options: { logFormat: 'json' } });
    terminal.hide('abc"d\\ef');
    terminal.note('key abc"d\\ef', { fields: { event: { text: 'abc"d\\ef' } } });
    expect(JSON.parse(stderr.text)).toMatchObject({ message: 'key ***', event: { text: '***' } });
  });

  it('of less than six characters is not masked, because ordinary words would be', () => {
    const { terminal, stderr } = aTerminal();
    terminal.hide('error');
    terminal.hide('');
    terminal.error('error: x');
    expect(stderr.text).toBe('error: x\n');
  });
});

describe('wantsColor', () => {
  it.each<[string, boolean, Record<string, string>, boolean]>([
    ['a screen', true, {}, true],
    ['a pipe', false, {}, false],
    ['a screen under NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['a screen under an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['a screen under TERM=dumb', true, { TERM: 'dumb' }, false],
    ['a pipe under FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
    ['a dumb screen under FORCE_COLOR', true, { FORCE_COLOR: '1', TERM: 'dumb' }, true],
    ['a screen under FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
    ['a screen under FORCE_COLOR=false', true, { FORCE_COLOR: 'false' }, false],
    ['a pipe under an empty FORCE_COLOR', false, { FORCE_COLOR: '' }, false],
    ['a pipe under both', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('says of %s (a TTY: %s, %j): %s', (_name, ...[isTTY, env, wanted]) => {
    expect(wantsColor(new FakeStream({ isTTY }), env)).toBe(wanted);
  });
});

describe('styles', () => {
  it('are escape codes with colours', () => {
    expect(aTerminal({ options: { color: true } }).terminal.style('bold', 'x')).toBe('\u001b[1mx\u001b[22m');
  });

  it.each([{ color: false }, { color: true, logFormat: 'json' as const }])('are empty with %j', (options) => {
    expect(aTerminal({ options }).terminal.style('bold', 'x')).toBe('x');
  });
});

describe('columns', () => {
  it.each([
    [{ isTTY: true, columns: 120 }, 120],
    [{ isTTY: true, columns: 0 }, null],
    [{ isTTY: false, columns: 120 }, null],
  ])('of %j are %s', (stdout, columns) => {
    expect(aTerminal({ stdout }).terminal.columns).toBe(columns);
  });
});

describe('flush', () => {
  it('waits for pending writes, to both streams', async () => {
    const waiting: (() => void)[] = [];
    const slow = { write: (_text: string, done: () => void) => waiting.push(done) > 0, on: () => undefined };
    const options = { quiet: false, verbosity: 0, color: false, logFormat: 'text' } as const;
    const terminal = new Terminal({ stdout: slow, stderr: slow }, options, () => 0);
    let isFlushed = false;
    void terminal.result('x');
    terminal.error('y');
    const flushed = terminal.flush().then(() => (isFlushed = true));
    waiting[0]?.();
    await Promise.resolve().then(() => undefined);
    expect(isFlushed).toBe(false);
    waiting[1]?.();
    await flushed;
    expect(isFlushed).toBe(true);
  });
});

describe('a stream error', () => {
  it('has a listener, so that it does not end the process with a stack trace', () => {
    const heard: string[] = [];
    const stream = { write: () => true, on: (event: string) => heard.push(event) };
    const options = { quiet: false, verbosity: 0, color: false, logFormat: 'text' } as const;
    new Terminal({ stdout: stream, stderr: stream }, options, () => 0);
    expect(heard).toEqual(['error', 'error']);
  });
});
