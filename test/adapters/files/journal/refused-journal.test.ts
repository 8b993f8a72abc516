import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../../../src/adapters/files/journal/open-journal.ts';
import { sealLine } from '../../../../src/adapters/state/sealed-line.ts';
import { UsageError } from '../../../../src/domain/errors.ts';
import { aFolder, aHeader, finishedTask, keyOf, open } from './support/a-journal.ts';

const [first, second] = [keyOf(1), keyOf(2)];

describe('a journal of another run', () => {
  it.each([
    [
      'base URL',
      { baseUrl: 'https://other.example.com' },
      /base URL is https:\/\/ocr\.example\.com, but this run uses https:\/\/other/,
    ],
    ['account', { accountId: 'deadbeef' }, /written with another API key/],
    ['column mapping', { columnNames: { url: 'pageurl' } }, /column mapping is none, this run's is url=pageurl/],
  ])('is refused for its %s, with a fix', async (_what, header, message) => {
    const path = join(aFolder(), 'j');
    await (await open(path)).close();
    const refusal = await open(path, header).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UsageError);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(/--fresh.*--journal/) as string,
    });
    await (await open(path)).close();
  });

  it('does not differ by the order of its mapping', async () => {
    const path = join(aFolder(), 'j');
    await (await open(path, { columnNames: { a: 'b', c: 'd' } })).close();
    await (await open(path, { columnNames: { c: 'd', a: 'b' } })).close();
  });

  it('names all differences, but not the accounts', async () => {
    const path = join(aFolder(), 'j');
    await (await open(path)).close();
    const refusal = open(path, { baseUrl: 'http://127.0.0.1', accountId: 'deadbeef', columnNames: { 'a=b': 'c' } });
    await expect(refusal).rejects.toThrow(/base URL.*another API key.*"a=b"=c/);
    await expect(refusal).rejects.not.toThrow(/deadbeef|f00dcafe/);
    // The base URL alone would refuse it.
    await expect(refusal).rejects.not.toMatchObject({ hint: expect.stringContaining('--same-account') as string });
  });

  it('of an earlier key of the account continues if it is named so, from then on without a word', async () => {
    const path = join(aFolder(), 'j');
    const before = await open(path);
    await before.finished(finishedTask(first));
    await before.close();
    await expect(open(path, { accountId: 'deadbeef' })).rejects.toMatchObject({
      hint: expect.stringContaining('add --same-account') as string,
    });
    await (await openJournal(path, { ...aHeader, accountId: 'deadbeef' }, { fresh: false, sameAccount: true })).close();
    const after = await open(path, { accountId: 'deadbeef' });
    expect(after.hasKey(first)).toBe(true);
    await after.continueWith('feedface');
    await after.intend(second, 1);
    await after.close();
    await expect(open(path, { accountId: 'deadbeef' })).rejects.toThrow('written with another API key');
    const anyAccount = await open(path, { accountId: '' });
    expect(anyAccount.progressOf(second)).toMatchObject({ state: 'in-doubt' });
    await anyAccount.close();
    await (await open(path, { accountId: 'feedface' })).close();
  });

  it('is kept under another name with fresh', async () => {
    const folder = aFolder();
    const path = join(folder, 'j');
    for (const kept of [null, `${path}.1`, `${path}.2`]) {
      const journal = await openJournal(path, aHeader, { fresh: true });
      expect(journal).toMatchObject({ isResumed: false, keptAs: kept });
      expect(journal.hasKey(first)).toBe(false);
      await journal.finished(finishedTask(first));
      await journal.close();
    }
    const old = await open(`${path}.1`);
    expect(old.hasKey(first)).toBe(true);
    await old.close();
    expect(readdirSync(folder).sort()).toEqual(['j', 'j.1', 'j.2']);
  });
});

describe('an invalid journal', () => {
  const intent = (key: string): Buffer => sealLine({ t: 'intent', k: key, n: 1 });
  const header = sealLine({ t: 'header', ...aHeader });

  it.each<[string, readonly (string | Buffer)[], RegExp]>([
    ['another file', ['task_id,method\n1,turnstile\n'], /is not a journal of captcha batch/],
    ['another file of one line', ['x'], /is not a journal of captcha batch/],
    ['a header without its newline and end', [header.subarray(0, 40)], /line 1 .* damaged/],
    ['a damaged header', [header.toString().replace('ocr', 'orc')], /line 1 .* damaged/],
    [
      'a header of a later version',
      [sealLine({ t: 'header', ...aHeader, schemaVersion: 2 })],
      /another version .*schema 2/,
    ],
    [
      'a record of a later version',
      [header, intent(first), sealLine({ t: 'paused', k: first })],
      /line 3 .* does not support/,
    ],
    [
      'a damaged line with records after it',
      [header, intent(first), '{"t":"int\n', intent(second)],
      /line 3 .* damaged/,
    ],
    [
      'a changed line with records after it',
      [header, intent(first).toString().replace('"n":1', '"n":2'), intent(second)],
      /line 2 .* damaged/,
    ],
    ['a second header', [header, header], /line 2 .* does not support/],
  ])('is refused and unchanged: %s', async (_what, parts, message) => {
    const folder = aFolder();
    const path = join(folder, 'j');
    const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
    writeFileSync(path, content);
    const refusal = await open(path).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UsageError);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(/--fresh|--journal/) as string,
    });
    expect(readFileSync(path)).toEqual(content);
    expect(readdirSync(folder)).toEqual(['j']);
  });

  it('is refused: a folder, a device, a place in a missing folder', async () => {
    const folder = aFolder();
    mkdirSync(join(folder, 'd'));
    writeFileSync(join(folder, 'f'), '');
    symlinkSync('/dev/null', join(folder, 'null'));
    await expect(open(join(folder, 'd'))).rejects.toThrow(UsageError);
    await expect(open(join(folder, 'none', 'j'))).rejects.toThrow(
      /the directory .*none of the journal .* does not exist/,
    );
    await expect(open(join(folder, 'f', 'j'))).rejects.toThrow(/the directory .*f of the journal .* does not exist/);
  });

  it.each(['half a record', `{"t":"intent","k":"${first}","n":1,"c":"00000000"}\n`])(
    'is truncated before anything is appended, when it is the last line: %s',
    async (torn) => {
      const path = join(aFolder(), 'j');
      const before = await open(path);
      await before.intend(first, 1);
      await before.close();
      const whole = readFileSync(path);
      appendFileSync(path, torn);
      const after = await open(path);
      expect(readFileSync(path)).toEqual(whole);
      await after.intend(second, 1);
      await after.close();
      const again = await open(path);
      expect(again.counts()).toMatchObject({ inDoubt: 2 });
      await again.close();
    },
  );
});
