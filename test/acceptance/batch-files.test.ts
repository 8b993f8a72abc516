import { cpSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { openLedger, rowsIn, tasksCsv } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';
import { bin } from './support/running.ts';
import { runTraced } from './support/traced-names.ts';
import { firstRows, isExhaustive } from '../support/exhaustive.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv'];
const journal = 'solved.csv.journal';

/** All entries of a folder: content and mode, or a link's target. */
function contentOf(folder: string): Readonly<Record<string, string>> {
  const described = (name: string): string => {
    const path = join(folder, name);
    const { mode } = lstatSync(path);
    return `${(mode & 0o777).toString(8)} ${lstatSync(path).isFile() ? readFileSync(path, 'utf8') : 'no file'}`;
  };
  return Object.fromEntries(readdirSync(folder).map((name) => [name, described(name)]));
}

const modeOf = (bench: Bench, name: string): number => statSync(join(bench.cwd, name)).mode & 0o777;
const textOf = (bench: Bench, name: string): string => readFileSync(join(bench.cwd, name), 'utf8');

describe.concurrent('two files of a batch that are the same file', () => {
  firstRows(it, 2).for<[string, RegExp]>([
    [`--errors ${journal}`, /the journal solved\.csv\.journal and --errors solved\.csv\.journal are the same file/],
    [`--errors ./other/../${journal}`, /journal/],
    [`--journal solved.csv`, /--journal solved\.csv and --out solved\.csv/],
    [`--errors ${journal}.lock.1`, /has a name that the journal solved\.csv\.journal reserves for its own files/],
    ['--errors solved.csv.partial-x', /has a name that --out solved\.csv reserves for its own files/],
    ['--errors hard.csv', /--errors hard\.csv and the input tasks\.csv/],
    ['--errors soft.csv', /--errors soft\.csv and the input tasks\.csv/],
    ['--journal soft.csv --fresh', /--journal soft\.csv and the input tasks\.csv/],
    ['--out dangling.csv --errors nowhere.csv', /--errors nowhere\.csv and --out dangling\.csv/],
    ['--errors ../key.txt', /--errors \.\.\/key\.txt and the key file|the key file .* and --errors/],
    ['--out folder/solved.csv --errors linked/solved.csv', /--errors .* and --out /],
  ])('are named in an error with code 2, and no file is changed: %s', async ([line, said], { bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(2));
    await mkdir(join(bench.cwd, 'other'));
    await mkdir(join(bench.cwd, 'folder'));
    const keyFile = await bench.write('key.txt', 'a'.repeat(32));
    linkSync(join(bench.cwd, 'tasks.csv'), join(bench.cwd, 'hard.csv'));
    symlinkSync('tasks.csv', join(bench.cwd, 'soft.csv'));
    symlinkSync('nowhere.csv', join(bench.cwd, 'dangling.csv'));
    symlinkSync('folder', join(bench.cwd, 'linked'));
    const before = contentOf(bench.cwd);
    const env = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_API_KEY_FILE: keyFile };
    const ended = await bench.run([...batch, ...line.split(' ')], { env });
    expect(ended, ended.stderr).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(said);
    expect(contentOf(bench.cwd)).toEqual(before);
  });
});

describe.concurrent('a file of a batch that is a standard stream', () => {
  firstRows(it).for<[string, string, RegExp]>([
    ['batch - --errors tasks.csv --journal j <tasks.csv', 'tasks.csv', /--errors tasks\.csv and standard input/],
    ['batch tasks.csv --errors log.txt >>log.txt', 'log.txt', /--errors log\.txt and standard output/],
    ['batch tasks.csv --out solved.csv --fresh >>tasks.csv', 'tasks.csv', /the input tasks\.csv and standard output/],
  ])('ends the batch with 2 and is not changed: %s', async ([line, name, said], { bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(2));
    await bench.write('work/log.txt', '');
    const before = contentOf(bench.cwd);
    const ended = await bench.startOther('sh', ['-c', `"$0" "$1" ${line}`, process.execPath, bin]).ended;
    expect(ended, ended.stderr).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(said);
    expect(contentOf(bench.cwd)[name]).toBe(before[name]);
  });
});

describe.concurrent('a file of another program', () => {
  firstRows(it, 2).for<[string, string]>([
    ['--journal', '--journal notes.txt'],
    ['--journal, with --fresh', '--journal notes.txt --fresh'],
    ['--errors', '--errors notes.txt'],
    ['--errors: the journal of another batch', '--errors other.journal'],
  ])('is refused and not changed, mode included: %s', async ([, line], { bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(2));
    await bench.write('work/notes.txt', 'hello\n');
    const ledger = await openLedger(bench);
    await bench.write('work/others.csv', tasksCsv(1));
    await bench.run(['batch', 'others.csv', '--journal', 'other.journal'], { at: ledger });
    const before = contentOf(bench.cwd);
    const ended = await bench.run([...batch, ...line.split(' ')], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/error: .*(notes\.txt|other\.journal) is not /);
    expect(contentOf(bench.cwd)).toEqual(before);
  });

  it('is not replaced by the output when the journal has a separate name', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(2));
    const next = tasksCsv(3);
    await bench.write('work/next.csv', next);
    const ledger = await openLedger(bench);
    const line = ['batch', 'tasks.csv', '--journal', 'j', '--out'];
    expect(await bench.run([...line, 'a.csv'], { at: ledger })).toMatchObject({ code: 0 });
    expect(await bench.run([...line, 'a.csv'], { at: ledger })).toMatchObject({ code: 0 });
    expect(await bench.run([...line, 'next.csv'], { at: ledger })).toMatchObject({ code: 2 });
    expect(textOf(bench, 'next.csv')).toBe(next);
  });

  it('is replaced if it is the --errors file of an earlier run, or empty', async ({ bench }) => {
    await bench.write('work/tasks.csv', `${tasksCsv(1)}t1,turnstile,,\n`);
    await bench.write('work/bad.csv', '');
    const ledger = await openLedger(bench);
    for (const run of [1, 2]) {
      const ended = await bench.run([...batch, '--errors', 'bad.csv'], { at: ledger });
      expect(ended, `run ${run}: ${ended.stderr}`).toMatchObject({ code: 1 });
    }
    expect(await rowsIn(bench, 'bad.csv')).toHaveLength(1);
  });
});

describe.concurrent('the output of a batch', () => {
  it('keeps the mode of the file that it replaces, also with --fresh', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(2));
    const ledger = await openLedger(bench);
    await bench.run(batch, { at: ledger });
    await chmod(join(bench.cwd, 'solved.csv'), 0o600);
    await bench.run(batch, { at: ledger });
    expect(modeOf(bench, 'solved.csv')).toBe(0o600);
    const ended = await bench.run([...batch, '--fresh'], { at: ledger });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(modeOf(bench, 'solved.csv')).toBe(0o600);
    expect(modeOf(bench, 'solved.csv.1')).toBe(0o600);
    expect(textOf(bench, 'solved.csv')).not.toBe(textOf(bench, 'solved.csv.1'));
  });

  it("does not touch another file with the name of its temporary file, an input, or a link's target", async ({
    bench,
  }) => {
    await bench.write('work/solved.csv.partial', tasksCsv(2));
    await bench.write('work/precious.txt', 'precious');
    symlinkSync('precious.txt', join(bench.cwd, 'linked.csv.partial'));
    const ledger = await openLedger(bench);
    for (const out of ['solved.csv', 'linked.csv']) {
      const ended = await bench.run(['batch', 'solved.csv.partial', '--out', out], { at: ledger });
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(await rowsIn(bench, out)).toHaveLength(2);
    }
    expect(textOf(bench, 'solved.csv.partial')).toBe(tasksCsv(2));
    expect(textOf(bench, 'precious.txt')).toBe('precious');
  });

  it('follows a link, also to a new file and with --fresh', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(2));
    mkdirSync(join(bench.cwd, 'real'));
    symlinkSync('real/solved.csv', join(bench.cwd, 'solved.csv'));
    const ledger = await openLedger(bench);
    for (const line of [batch, [...batch, '--fresh']]) {
      const ended = await bench.run(line, { at: ledger });
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(lstatSync(join(bench.cwd, 'solved.csv')).isSymbolicLink()).toBe(true);
      expect(await rowsIn(bench, 'real/solved.csv')).toHaveLength(2);
    }
    expect(readdirSync(join(bench.cwd, 'real'))).toEqual(['solved.csv', 'solved.csv.1']);
  });

  it('is durable under its name before the journal that explains it changes', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(1));
    const at = await openLedger(bench);
    const { calls } = await runTraced(bench, batch, { at, cwd: bench.cwd });
    const made = `link ${journal}.tmp-X ${journal}|unlink ${journal}.tmp-X`;
    expect(calls.join('|')).toContain(
      `${made}|sync folder|link solved.csv.partial-X solved.csv|unlink solved.csv.partial-X|sync folder`,
    );
    const again = await runTraced(bench, [...batch, '--fresh'], { at, cwd: bench.cwd });
    expect(again.ended, again.ended.stderr).toMatchObject({ code: 0 });
    expect(again.calls.join('|')).toContain(
      [
        'link solved.csv solved.csv.1|sync folder',
        `link ${journal} ${journal}.1|sync folder`,
        `rename ${journal}.tmp-X ${journal}|sync folder`,
        'rename solved.csv.partial-X solved.csv|sync folder',
      ].join('|'),
    );
  });
});

describe.runIf(isExhaustive)('captcha batch --fresh, killed before any change of a name', () => {
  /** Kills a run in a copy of the folder at every step, and runs again without --fresh. */
  async function killEverywhere(
    bench: Bench,
    at: { readonly url: string },
    judge: (folder: string, code: number | null, step: string) => void,
  ): Promise<void> {
    for (let killAt = 1; ; killAt += 1) {
      const cwd = join(bench.home, `killed-${killAt}`);
      cpSync(bench.cwd, cwd, { recursive: true });
      const { ended, calls } = await runTraced(bench, [...batch, '--fresh'], { at, cwd, killAt });
      const step = `killed after ${calls.join(', ')}`;
      if (ended.signal !== 'SIGKILL') {
        expect(killAt, step).toBeGreaterThan(5);
        return;
      }
      const next = await bench.run(batch, { at, cwd });
      judge(cwd, next.code, step);
    }
  }

  const isIn = (folder: string, content: string): boolean =>
    readdirSync(folder).some((name) => readFileSync(join(folder, name), 'utf8') === content);

  it('never lets the next run overwrite an output that no journal explains', async ({ bench }) => {
    const mine = 'somebody,else\n1,2\n';
    await bench.write('work/tasks.csv', tasksCsv(1));
    await bench.write('work/solved.csv', mine);
    await killEverywhere(bench, await openLedger(bench), (folder, code, step) => {
      expect(isIn(folder, mine), step).toBe(true);
      expect([0, 2], step).toContain(code);
      expect(readdirSync(folder), step).toEqual(expect.not.arrayContaining([expect.stringContaining('partial')]));
    });
  });

  it('never loses a journal, nor the output that it explains', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(1));
    const ledger = await openLedger(bench);
    expect(await bench.run(batch, { at: ledger })).toMatchObject({ code: 0 });
    const [oldJournal, oldOutput] = [textOf(bench, journal), textOf(bench, 'solved.csv')];
    await killEverywhere(bench, ledger, (folder, code, step) => {
      expect(code, step).toBe(0);
      const isResumed = readFileSync(join(folder, journal), 'utf8') === oldJournal;
      if (!isResumed) expect(readFileSync(join(folder, `${journal}.1`), 'utf8'), step).toBe(oldJournal);
      if (!isResumed) expect(readFileSync(join(folder, 'solved.csv.1'), 'utf8'), step).toBe(oldOutput);
      expect(readdirSync(folder), step).toEqual(expect.not.arrayContaining([expect.stringContaining('partial')]));
    });
  });
});
