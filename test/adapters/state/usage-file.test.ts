import fc from 'fast-check';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UsageFile } from '../../../src/adapters/state/usage-file.ts';
import { hourMs, type TaskUsage, UsageSums } from '../../../src/domain/usage.ts';
import { runs } from '../../support/exhaustive.ts';
import { anyRecord, someTasks, sumsOf } from '../../support/some-usage.ts';
import { buildChild, type Program } from './support/children.ts';

const baseUrl = 'https://example.com/?password=secret';
let stateFolder: string;
beforeEach(() => void (stateFolder = mkdtempSync(join(tmpdir(), 'usage-'))));
afterEach(() => rmSync(stateFolder, { recursive: true, force: true }));

/** The current hour: later ones are in the future, so that what is written now is old for them. */
const thisHour = Math.floor(Date.now() / hourMs);

function aFile({ hour = thisHour, accountId = 'a', folder = stateFolder } = {}) {
  const said: string[] = [];
  const timestamp = (): number => hour * hourMs;
  const onUnavailable = (message: string): void => void said.push(message);
  return { file: new UsageFile({ stateFolder: folder, baseUrl, accountId, timestamp, onUnavailable }), said };
}

const folderOf = (): string => join(stateFolder, 'usage', readdirSync(join(stateFolder, 'usage'))[0] ?? '');
const one = (hour = thisHour): TaskUsage => someTasks({ hour, counts: { submissions: 1 } });

describe('the use of an account in files', () => {
  it('adds up exactly over processes and hours, also after old hours were compacted', () => {
    const step = fc.record({
      by: fc.nat(3),
      at: fc.nat(3),
      records: fc.array(anyRecord(thisHour, 4), { maxLength: 4 }),
    });
    const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const folder = mkdtempSync(join(stateFolder, 'run-'));
      const processes = Array.from({ length: 16 }, (_, index) => aFile({ folder, hour: thisHour + (index % 4) }).file);
      for (const { by, at, records } of steps) processes[4 * by + at]?.append(records);
      const later = aFile({ folder, hour: thisHour + 9 }).file;
      later.append([one(thisHour + 9)]);
      const expected = sumsOf([...steps.flatMap(({ records }) => records), one(thisHour + 9)]);
      expect(sumsOf(later.read(0))).toEqual(expected);
    });
    fc.assert(property, { numRuns: runs(100) });
  });

  it('keeps accounts apart, and names neither the account nor the address', () => {
    aFile().file.append([one()]);
    expect(aFile({ accountId: 'b' }).file.read(0)).toEqual([]);
    expect(folderOf()).not.toMatch(/secret|example/);
    expect(statSync(join(folderOf(), `${thisHour}.log`)).mode & 0o777).toBe(0o600);
  });

  it('reads what is wanted, and passes over lines that were cut off or changed', () => {
    const { file, said } = aFile();
    file.append([one()]);
    appendFileSync(join(folderOf(), `${thisHour}.log`), '{"h":1,"m":"x","n":[9,9]');
    file.append([one()]);
    appendFileSync(join(folderOf(), `${thisHour}.log`), '{"h":1,"m":"x","n":[1],"c":"00000000"}\nnonsense\n');
    expect(file.read(thisHour)).toMatchObject([{ counts: { submissions: 2 } }]);
    expect([file.read(thisHour + 1), said]).toEqual([[], []]);
  });

  it('rewrites a long file as sums two hours later, and removes it after a month', () => {
    const { file } = aFile();
    for (let count = 0; count < 400; count += 1) file.append([one()]);
    const path = join(folderOf(), `${thisHour}.log`);
    const { size } = statSync(path);
    aFile({ hour: thisHour + 1 }).file.append([one(thisHour + 1)]);
    expect(statSync(path).size).toBe(size);
    writeFileSync(join(folderOf(), 'killed.tmp'), 'half');
    const later = aFile({ hour: thisHour + 2 }).file;
    later.append([one(thisHour + 2)]);
    expect(statSync(path).size).toBeLessThan(300);
    expect(sumsOf(later.read(thisHour))).toMatchObject([{ counts: { submissions: 400 } }, {}, {}]);
    aFile({ hour: thisHour + 24 * 33 }).file.append([one(thisHour + 24 * 33)]);
    expect(readdirSync(folderOf()).filter((name) => name.endsWith('.log'))).toEqual([`${thisHour + 24 * 33}.log`]);
  });

  it('stays small, however many labels there are', () => {
    const sums = new UsageSums();
    for (let job = 0; job < 2_000; job += 1) sums.add(someTasks({ label: `job-${job}`, counts: { submissions: 1 } }));
    const records = sums.records() as readonly TaskUsage[];
    expect(records.length).toBeLessThan(500);
    expect(records.reduce((sum, { counts }) => sum + counts.submissions, 0)).toBe(2_000);
  });

  it('says once that it cannot be stored, and counts nothing then', () => {
    writeFileSync(join(stateFolder, 'usage'), 'a file');
    const { file, said } = aFile();
    file.append([one()]);
    file.append([one()]);
    expect([file.read(0), said.length]).toEqual([[], 1]);
  });
});

describe('processes that count at the same time', () => {
  let program: Program;
  beforeAll(async () => (program = await buildChild(join(import.meta.dirname, 'support', 'child-usage.ts'))));
  afterAll(() => program.remove());

  interface Writer {
    readonly child: ChildProcess;
    /** How many submissions it says are stored. */
    readonly stored: () => number;
    readonly said: () => string;
    readonly ended: Promise<unknown>;
  }

  function writer(method: string, count: number): Writer {
    const args = [program.path, stateFolder, 'https://example.com', method, String(count)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data.toString()));
    return { child, stored: () => said.split('\n').length - 1, said: () => said, ended: once(child, 'close') };
  }

  it('lose nothing, and of one that is killed at most what it had in hand', async () => {
    const writers = ['a', 'b', 'c', 'd'].map((method) => writer(method, 300));
    const victims = ['v', 'w'].map((method) => writer(method, 1e9));
    await expect.poll(() => victims.every((victim) => victim.stored() > 20)).toBe(true);
    for (const { child } of victims) child.kill('SIGKILL');
    await Promise.all([...writers, ...victims].map(({ ended }) => ended));
    const options = { stateFolder, baseUrl: 'https://example.com', accountId: 'a', timestamp: Date.now };
    const records = sumsOf(new UsageFile({ ...options, onUnavailable: () => undefined }).read(0)) as TaskUsage[];
    const countOf = (method: string): number =>
      records.filter((record) => record.method === method).reduce((sum, { counts }) => sum + counts.submissions, 0);
    expect(['a', 'b', 'c', 'd'].map(countOf)).toEqual([300, 300, 300, 300]);
    for (const [index, method] of ['v', 'w'].entries()) {
      const stored = victims[index]?.stored() ?? 0;
      expect([stored, stored + 1]).toContain(countOf(method));
    }
    expect([...writers, ...victims].map(({ said }) => said()).join('')).not.toContain('unavailable');
  });
});
