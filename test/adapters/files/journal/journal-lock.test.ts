import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockJournal } from '../../../../src/adapters/files/journal/journal-lock.ts';
import { thisProcess } from '../../../../src/adapters/state/process-identity.ts';
import { UsageError } from '../../../../src/domain/usage-error.ts';
import { aFolder, aHeader, open } from './support/a-journal.ts';
import { buildChildren, Child, type ChildPrograms } from './support/child.ts';

let programs: ChildPrograms;
beforeAll(async () => {
  programs = await buildChildren(['child-hold']);
});
afterAll(() => programs.remove());

const holdIn = (path: string): Child => new Child(process.execPath, [programs.pathOf('child-hold'), path]);

describe('a journal in use', () => {
  it('is refused, naming process, host, time and the way out', async () => {
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

  it('is the same journal by whatever name', async () => {
    const folder = aFolder();
    const journal = await open(join(folder, 'j'));
    symlinkSync(join(folder, 'j'), join(folder, 'alias'));
    symlinkSync(folder, join(folder, 'here'));
    await expect(open(join(folder, 'alias'))).rejects.toThrow('in use');
    await expect(open(join(folder, 'here', 'j'))).rejects.toThrow('in use');
    await journal.close();
  });


  it('is held by a file that names nobody: it is named', async () => {
    const path = join(aFolder(), 'j');
    writeFileSync(`${path}.lock.1`, '');
    await expect(open(path)).rejects.toMatchObject({
      hint: expect.stringContaining(`delete ${path}.lock.1`) as string,
    });
  });

  it('is given back when it cannot be opened', async () => {
    const path = join(aFolder(), 'j');
    writeFileSync(path, 'not a journal');
    await expect(open(path)).rejects.toThrow('not a journal');
    await expect(open(path)).rejects.toThrow('not a journal');
  });

  it('has one lock file, whole and without anything beside it', async () => {
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

describe('among processes', () => {
  it('one of many that want a journal at once gets it, also after a dead one', async () => {
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
    const { release } = await lockJournal(path, { startedAt: 0 });
    expect(readdirSync(join(path, '..'))).toEqual(['j.lock.2']);
    await release();
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
    // The shell becomes a sleep, which does not wait for its child: killed, that stays a zombie.
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
