import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { OpenJournal } from '../../../../src/adapters/files/journal/file-journal.ts';
import { lockJournal } from '../../../../src/adapters/files/journal/journal-lock.ts';
import { openJournal } from '../../../../src/adapters/files/journal/open-journal.ts';
import { thisProcess } from '../../../../src/adapters/state/process-identity.ts';
import { JournalLostError, UsageError } from '../../../../src/domain/errors.ts';
import { aFolder, aHeader, keyOf, open } from './support/a-journal.ts';
import { buildChildren, Child, type ChildPrograms } from './support/child.ts';

let programs: ChildPrograms;
beforeAll(async () => {
  programs = await buildChildren(['child-hold']);
});
afterAll(() => programs.remove());

const holdIn = (path: string): Child => new Child(process.execPath, [programs.pathOf('child-hold'), path]);

describe('a journal in use', () => {
  it('is refused, with the process, host, time and fix', async () => {
    const path = join(aFolder(), 'j');
    const journal = await open(path);
    const refusal = await open(path).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UsageError);
    expect(refusal).toMatchObject({
      message: `the journal ${path} is in use by process ${process.pid} on ${hostname()} since 2026-01-02T03:04:05.000Z`,
      hint: expect.stringContaining(`kill ${process.pid}`) as string,
    });
    await journal.close();
    await (await open(path)).close();
  });

  it('is the same journal under every name', async () => {
    const folder = aFolder();
    const journal = await open(join(folder, 'j'));
    symlinkSync(join(folder, 'j'), join(folder, 'alias'));
    symlinkSync(folder, join(folder, 'here'));
    await expect(open(join(folder, 'alias'))).rejects.toThrow('in use');
    await expect(open(join(folder, 'here', 'j'))).rejects.toThrow('in use');
    await journal.close();
  });

  it('is held by a file without an owner, and the file is named', async () => {
    const path = join(aFolder(), 'j');
    writeFileSync(`${path}.lock.1`, '');
    await expect(open(path)).rejects.toMatchObject({
      hint: expect.stringContaining(`delete ${path}.lock.1`) as string,
    });
  });

  it('is released when it cannot be opened', async () => {
    const path = join(aFolder(), 'j');
    writeFileSync(path, 'not a journal');
    await expect(open(path)).rejects.toThrow('not a journal');
    await expect(open(path)).rejects.toThrow('not a journal');
  });

  it('has one complete lock file and no other files', async () => {
    const folder = aFolder();
    const journal = await open(join(folder, 'j'));
    expect(readdirSync(folder).sort()).toEqual(['j', 'j.lock.1']);
    expect(JSON.parse(readFileSync(join(folder, 'j.lock.1'), 'utf8'))).toEqual({
      ...thisProcess(),
      startedAt: aHeader.createdAt,
    });
    await journal.close();
  });
});

const elsewhere = { ...thisProcess(), space: 'another machine, or another container' };

/** Writes the lock of an owner with its last refresh this long ago. */
function leaveLock(path: string, owner: object, secondsAgo: number): void {
  writeFileSync(`${path}.lock.3`, JSON.stringify({ ...owner, startedAt: 0 }));
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(`${path}.lock.3`, then, then);
}

describe('a journal whose owner is not visible', () => {
  it.each([
    ['on a machine of the same name', elsewhere],
    ['on a machine of another name', { ...elsewhere, host: 'elsewhere' }],
    ['with a pid that is free here', { ...elsewhere, pid: 2 ** 22 + 1 }],
  ])('is held while the lock is refreshed: %s', async (_where, owner) => {
    const path = join(aFolder(), 'j');
    leaveLock(path, owner, 20);
    await expect(open(path)).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`by process ${owner.pid} on ${owner.host} since 1970`)) as string,
      hint: expect.stringMatching(
        `if it has ended, the journal is free in [1-4]?\\ds, .* delete ${path}.lock.3`,
      ) as string,
    });
    leaveLock(path, owner, 61);
    await (await open(path)).close();
    expect(readdirSync(join(path, '..'))).toEqual(['j']);
  });

  it('is free at once if the owner was a process of this machine and has ended, even if the machine has a new name', async () => {
    const path = join(aFolder(), 'j');
    leaveLock(path, { ...thisProcess(), pid: 2 ** 22 + 1, host: 'as it was called before' }, 0);
    await (await open(path)).close();
  });

  it('refreshes its lock while it lives, with the same content', async () => {
    const path = join(aFolder(), 'j');
    const lock = await lockJournal(path, { startedAt: 0, me: elsewhere, refreshMs: 10 });
    const content = readFileSync(`${path}.lock.1`, 'utf8');
    utimesSync(`${path}.lock.1`, 1, 1);
    await expect.poll(() => statSync(`${path}.lock.1`).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
    await expect(lockJournal(path, { startedAt: 0 })).rejects.toThrow('in use');
    expect(readFileSync(`${path}.lock.1`, 'utf8')).toBe(content);
    lock.check();
    await lock.release();
  });

  it('warns once if the lock cannot be refreshed', async () => {
    const path = join(aFolder(), 'j');
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    const lock = await lockJournal(path, { startedAt: 0, me: elsewhere, refreshMs: 5, staleMs: 60_000, onWarning });
    rmSync(`${path}.lock.1`);
    mkdirSync(`${path}.lock.1`);
    await expect.poll(() => warnings).toEqual([expect.stringMatching(/cannot be refreshed \(EISDIR.* 60s after/)]);
    expect(() => lock.check()).toThrow('EISDIR');
    rmdirSync(`${path}.lock.1`);
    await lock.release();
    expect(warnings).toHaveLength(1);
  });
});

describe('an owner that was suspended until another one took over', () => {
  const paused = async (path: string): Promise<{ journal: OpenJournal; warnings: string[] }> => {
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    const lock = { me: elsewhere, refreshMs: 60_000 };
    return { journal: await openJournal(path, aHeader, { fresh: false, lock, onWarning }), warnings };
  };

  it('writes nothing valid any more, and its earlier records are kept', async () => {
    const path = join(aFolder(), 'j');
    const { journal } = await paused(path);
    await journal.intend(keyOf(1), 1);
    utimesSync(`${path}.lock.1`, 1, 1);
    const successor = await open(path);
    expect(successor.progressOf(keyOf(1))).toEqual({ state: 'in-doubt', attempts: 1 });
    const refusal = await Promise.resolve(journal.intend(keyOf(2), 1)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(JournalLostError);
    expect(String(refusal)).toContain(
      `process ${process.pid} on ${hostname()} since 2026-01-02T03:04:05.000Z has taken`,
    );
    await successor.intend(keyOf(3), 1);
    await expect(journal.close()).rejects.toThrow(JournalLostError);
    await successor.close();
    const last = await open(path);
    expect([1, 2, 3].map((n) => last.progressOf(keyOf(n)).state)).toEqual(['in-doubt', 'new', 'in-doubt']);
    await last.close();
  });

  it('names the ids whose acceptance it learns of too late', async () => {
    const path = join(aFolder(), 'j');
    const { journal, warnings } = await paused(path);
    await Promise.all([journal.intend(keyOf(1), 1), journal.intend(keyOf(2), 1)]);
    utimesSync(`${path}.lock.1`, 1, 1);
    const successor = await open(path);
    const late = [journal.submitted(keyOf(1), '71', 5), journal.submitted(keyOf(2), '72', 5)];
    expect((await Promise.allSettled(late.map(async (each) => each))).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ]);
    expect(warnings).toEqual(['71', '72'].map((id) => expect.stringContaining(`captcha result ${id}`) as string));
    await expect(journal.close()).rejects.toThrow(JournalLostError);
    await successor.close();
  });
});

describe('a journal in use', () => {
  it('that is renamed, removed or replaced accepts no more records', async () => {
    for (const happen of [
      (path: string) => renameSync(path, `${path}-renamed`),
      (path: string) => rmSync(path),
      (path: string) => {
        copyFileSync(path, `${path}-copy`);
        renameSync(`${path}-copy`, path);
      },
    ]) {
      const path = join(aFolder(), 'j');
      const journal = await open(path);
      await journal.intend(keyOf(1), 1);
      happen(path);
      await expect(journal.intend(keyOf(2), 1)).rejects.toThrow(/was removed, renamed or replaced/);
      await expect(journal.close()).rejects.toThrow(JournalLostError);
    }
  });

  it('that another program writes to accepts no more records, and loses none', async () => {
    const path = join(aFolder(), 'j');
    const journal = await open(path);
    await journal.intend(keyOf(1), 1);
    appendFileSync(path, 'something');
    const length = statSync(path).size;
    await expect(journal.intend(keyOf(2), 1)).rejects.toThrow('another program wrote');
    await expect(journal.close()).rejects.toThrow(JournalLostError);
    expect(statSync(path).size).toBeGreaterThan(length);
  });
});

describe('a journal with several names', () => {
  it('is refused, with the other name if that is in the same folder', async () => {
    const path = join(aFolder(), 'j');
    await (await open(path)).close();
    linkSync(path, `${path}-linked`);
    for (const [name, other] of [[path, `${path}-linked`] as const, [`${path}-linked`, path] as const]) {
      await expect(open(name)).rejects.toMatchObject({
        message: expect.stringContaining(`the journal ${name} has 2 names (hard links)`) as string,
        hint: expect.stringContaining(`remove the other name ${other},`) as string,
      });
    }
    rmSync(`${path}-linked`);
    await (await open(path)).close();
  });

  it('is refused if the file itself is mounted', async (context) => {
    const [path, place] = [join(aFolder(), 'j'), join(aFolder(), 'a place')];
    await (await open(path)).close();
    writeFileSync(place, '');
    if (spawnSync('mount', ['--bind', path, place]).status !== 0) context.skip('mounting is not permitted here');
    onTestFinished(() => void spawnSync('umount', ['--lazy', place]));
    await expect(open(place)).rejects.toThrow('is a file mount');
  });
});

describe('among processes', () => {
  it('one of many that want a journal at once gets it, also after a dead owner', async () => {
    const path = join(aFolder(), 'j');
    for (let round = 0; round < 2; round++) {
      const children = Array.from({ length: 8 }, () => holdIn(path));
      const answers = await Promise.all(children.map((child) => child.line(1)));
      expect(answers.filter((answer) => answer === 'held')).toHaveLength(1);
      expect(answers.filter((answer) => answer.startsWith('refused UsageError'))).toHaveLength(7);
      await Promise.all(children.map((child) => child.kill()));
    }
  }, 60_000);

  it('a killed holder frees the journal at once', async () => {
    const path = join(aFolder(), 'j');
    const holder = holdIn(path);
    expect(await holder.line(1)).toBe('held');
    await expect(lockJournal(path, { startedAt: 0 })).rejects.toThrow(`process ${holder.process.pid} `);
    await holder.kill();
    const lock = await lockJournal(path, { startedAt: 0 });
    expect(readdirSync(join(path, '..'))).toEqual(['j.lock.2']);
    await lock.release();
  });

  it('a stopped holder still holds it', async () => {
    const path = join(aFolder(), 'j');
    const holder = holdIn(path);
    expect(await holder.line(1)).toBe('held');
    holder.process.kill('SIGSTOP');
    await expect(lockJournal(path, { startedAt: 0 })).rejects.toThrow('in use');
    await holder.kill();
    await (await lockJournal(path, { startedAt: 0 })).release();
  });

  it.runIf(process.platform === 'linux')('a killed holder whose parent never asks for it frees it too', async () => {
    const path = join(aFolder(), 'j');
    // The shell becomes a `sleep`, which does not wait for its child: the killed child stays a zombie.
    const parent = new Child('sh', [
      '-c',
      '"$0" "$1" "$2" & echo $!; exec sleep 60',
      process.execPath,
      programs.pathOf('child-hold'),
      path,
    ]);
    const pid = Number(await parent.line(1));
    expect(await parent.line(2)).toBe('held');
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
    await (await lockJournal(path, { startedAt: 0 })).release();
    await parent.kill();
  });
});
