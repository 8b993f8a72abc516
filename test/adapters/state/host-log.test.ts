import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeLines } from '../../../src/adapters/state/generations.ts';
import { hostNowMs } from '../../../src/adapters/state/host-clock.ts';
import { HostLog } from '../../../src/adapters/state/host-log.ts';
import { readHistory, readPresent } from '../../../src/adapters/state/read-history.ts';
import { StateLogError } from '../../../src/domain/errors.ts';
import type { Logged, LogState } from '../../../src/ports/state.ts';
import { isRoot } from '../../support/is-root.ts';

let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'host-log-'));
  folder = join(home, 'budget', 'a');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Numbers its entries: processes with the same number have read the same entries. */
class Sum implements LogState<string, number> {
  count = 0;
  texts = '';

  apply({ entry }: Logged<string>): number {
    this.texts += entry;
    return (this.count += 1);
  }

  snapshot(): object {
    return { count: this.count, texts: this.texts };
  }

  restore(snapshot: object): void {
    Object.assign(this, snapshot);
  }
}

const opened: HostLog<string, number>[] = [];
afterEach(() => opened.splice(0).forEach((log) => log.close()));

function open(generationBytes = 32_768): { log: HostLog<string, number>; sum: Sum } {
  const sum = new Sum();
  const log = new HostLog<string, number>({ folder, generationBytes }, sum);
  opened.push(log);
  return { log, sum };
}

const filesIn = (): string[] => readdirSync(folder).sort();

describe('HostLog', () => {
  it('has the same order for all, and returns the answers to own entries', () => {
    const [a, b] = [open(), open()];
    expect(a.log.append(['x'])).toEqual([1]);
    expect(b.log.append(['y', 'z'])).toEqual([2, 3]);
    expect(a.log.append(['w'])).toEqual([4]);
    b.log.catchUp();
    expect([a.sum.texts, b.sum.texts]).toEqual(['xyzw', 'xyzw']);
    expect(open().sum.texts).toBe('xyzw');
  });

  it('is private to its user', () => {
    open();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, '0.log')).mode & 0o777).toBe(0o600);
  });

  it('continues through generations without losing or duplicating an entry', () => {
    const logs = [open(200), open(200), open(200)];
    const answers = Array.from({ length: 300 }, (_, n) => logs[n % 3]!.log.append([String(n % 10)])[0]);
    expect(answers).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
    for (const { log } of logs) log.catchUp();
    expect(new Set(logs.map(({ sum }) => sum.texts))).toEqual(new Set(['0123456789'.repeat(30)]));
  });

  it('keeps a bounded number of generations', () => {
    const { log } = open(1);
    for (let n = 0; n < 100; n += 1) log.append(['x']);
    expect(filesIn().filter((name) => name.endsWith('.log'))).toHaveLength(33);
    expect(filesIn()).not.toContainEqual(expect.stringMatching(/tmp$/));
  });

  it('brings a process up to date that missed all kept generations', () => {
    const [a, sleeper] = [open(1), open(1)];
    for (let n = 0; n < 100; n += 1) a.log.append(['x']);
    expect(existsSync(join(folder, '1.log'))).toBe(false);
    expect(sleeper.log.append(['y'])).toEqual([101]);
    expect(a.log.append(['z'])).toEqual([102]);
  });

  it('skips lines that a full disk has torn', () => {
    const [a, b] = [open(), open()];
    a.log.append(['x']);
    const torn = encodeLines([{ at: hostNowMs(), by: 'somebody', n: 1, entry: 'torn' }]);
    appendFileSync(join(folder, '0.log'), torn.subarray(0, torn.length - 8));
    expect(b.log.append(['y'])).toEqual([2]);
    a.log.catchUp();
    expect(a.sum.texts).toBe('xy');
  });

  it('waits for the rest of a line that is being written', () => {
    const { log, sum } = open();
    const line = encodeLines([{ at: hostNowMs(), by: 'somebody', n: 1, entry: 'late' }]);
    appendFileSync(join(folder, '0.log'), line.subarray(0, 20));
    log.catchUp();
    expect(sum.texts).toBe('');
    appendFileSync(join(folder, '0.log'), line.subarray(20));
    log.catchUp();
    expect(sum.texts).toBe('late');
  });

  it('continues if its folder was removed', () => {
    const [a, b] = [open(), open()];
    a.log.append(['x']);
    rmSync(folder, { recursive: true });
    expect(a.log.append(['y'])).toEqual([2]);
    expect(b.log.append(['z'])).toEqual([3]);
  });

  it('gives its history and its present state', () => {
    const { log } = open(400);
    for (const text of 'abcdefghij') log.append([text]);
    const told = Array.from(readHistory(folder, new Sum()), ({ logged, answer }) => `${logged.entry}${String(answer)}`);
    expect(told).toEqual(['a1', 'b2', 'c3', 'd4', 'e5', 'f6', 'g7', 'h8', 'i9', 'j10']);
    const present = new Sum();
    readPresent(folder, present);
    expect(present.texts).toBe('abcdefghij');
  });

  it('reads a header that is longer than its buffer, as after many submissions in flight', () => {
    const { log, sum } = open(1);
    sum.texts = 'x'.repeat(200_000);
    log.append(['y']);
    log.append(['z']);
    expect(open().sum.texts).toBe(`${'x'.repeat(200_000)}yz`);
  });

  it('has no history without entries', () => {
    expect([...readHistory(folder, new Sum())]).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });
});

describe('a log on a full disk', () => {
  it('applies no entry that it reports as lost', ({ skip }) => {
    const disk = join(home, 'disk');
    mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0) {
      console.warn('skipped: only root may mount the small disk that this test fills');
      return skip('a small disk cannot be mounted here');
    }
    try {
      folder = join(disk, 'log');
      const { log, sum } = open(600);
      log.append(['x']);
      const { bsize, bavail } = statfsSync(disk);
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(bsize * bavail));
      // What is written fits into the page of the file; the next file does not.
      const answers = Array.from({ length: 20 }, () => {
        const before = sum.count;
        try {
          return { before, answer: log.append(['x'])[0], after: sum.count };
        } catch {
          return { before, answer: before, after: sum.count };
        }
      });
      expect(answers.filter(({ answer, after }) => answer !== after)).toEqual([]);
      expect(
        answers.some(({ before, after }) => before < after),
        'some were written',
      ).toBe(true);
      expect(answers.at(-1), 'the last one was lost').toMatchObject({ before: sum.count });
      rmSync(join(disk, 'ballast'));
      expect(open().log.append(['y'])).toEqual([sum.count + 1]);
    } finally {
      opened.splice(0).forEach((log) => log.close());
      spawnSync('umount', ['--lazy', disk]);
    }
  });
});

describe('a log that is not usable', () => {
  function replace(by: (path: string) => void): void {
    const path = join(folder, '0.log');
    rmSync(path);
    by(path);
  }

  it.each<[string, () => void]>([
    ['is damaged', () => writeFileSync(join(folder, '0.log'), 'not a log\n')],
    ['is empty', () => truncateSync(join(folder, '0.log'))],
    [
      'is of another version',
      () => writeFileSync(join(folder, '1.log'), readFileSync(join(folder, '0.log')).subarray(1)),
    ],
    ['is a link to elsewhere', () => replace((path) => symlinkSync('/etc/passwd', path))],
    ['is a directory', () => replace(mkdirSync)],
  ])('because it %s is lost, and nothing else', (_what, damage) => {
    open();
    damage();
    expect(() => open()).toThrow(StateLogError);
  });

  it.each<[string, string, () => void]>([
    ['is damaged', 'the log is damaged', () => writeFileSync(join(folder, '0.log'), 'not a log\n')],
    ['has a file above 2 GiB', 'larger than 64 MiB', () => truncateSync(join(folder, '0.log'), 2 ** 31 + 1)],
  ])('because it %s is not read as an empty one', (_what, reason, damage) => {
    open();
    damage();
    expect(() => open()).toThrow(reason);
    expect(() => readPresent(folder, new Sum())).toThrow(reason);
    expect(() => [...readHistory(folder, new Sum())]).toThrow(reason);
  });

  it.skipIf(isRoot)('because its folder is not writable is lost', () => {
    open();
    chmodSync(join(folder, '0.log'), 0o400);
    expect(() => open()).toThrow(StateLogError);
  });

  it('because another clock wrote it is lost', () => {
    const { log } = open();
    appendFileSync(join(folder, '0.log'), encodeLines([{ at: hostNowMs() + 60_000, by: 'x', n: 1, entry: 'x' }]));
    expect(() => log.catchUp()).toThrow(/another clock/);
  });

  it.each(['/dev/null/budget', '/proc/captcha/budget'])('because its path %s cannot be a folder is lost', (path) => {
    folder = path;
    expect(() => open()).toThrow(StateLogError);
  });
});
