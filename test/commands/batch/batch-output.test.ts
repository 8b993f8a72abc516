import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { imageText } from '../../support/an-image.ts';
import { batch, header, image, place, read, statuses, three } from '../../cli/support/a-batch.ts';
import { refusalOf } from '../../cli/support/refusal.ts';

const other = imageText('other');

describe('the output of captcha batch', () => {
  it.each([
    ['ENOSPC', '\nfree space, then continue with the same command: captcha'],
    ['EIO', '\ncontinue with the same command: captcha'],
  ])('names the remaining tasks and the command if %s ends it', async (code, words) => {
    const fault = Object.assign(new Error(code), { code, syscall: 'write' });
    const run = batch({ fault, input: `${header}\na,base64,${image},\nb,base64,${image},\n` });
    await expect(run).rejects.toMatchObject({ code, stderr: expect.stringContaining(words) as string });
    await expect(run).rejects.toMatchObject({ stderr: expect.stringMatching(/\b[01] tasks? left/) as string });
  });

  it('is silent if the reader of its output has gone', async () => {
    const fault = Object.assign(new Error('EPIPE'), { code: 'EPIPE', syscall: 'write' });
    await expect(batch({ fault })).rejects.toMatchObject({ code: 'EPIPE', stderr: '' });
  });

  it('counts the rows of tasks that the input no longer has', async () => {
    await batch();
    const { err } = await batch({
      input: three.replace(`b,base64,${image}`, `b,base64,${other}`).replace(/c,.*\n/, ''),
    });
    expect(err).toContain('2 rows of the output belong to no task of the input (edited or removed there)');
    expect(statuses(read('out.csv'))).toHaveLength(4);
    expect((await batch({ flags: { retryFailed: true } })).err).toContain('1 row of the output belongs');
  });

  it('does not count them if the input was not read to its end', async () => {
    await batch();
    const input = three.replaceAll(image, other).replace(`c,base64,${other}`, `c,base64,${image}`);
    expect((await batch({ input, flags: { limit: '1' } })).err).not.toContain('belong');
  });

  it('has the columns of all records of JSON Lines, also after an export, and says nothing of later ones', async () => {
    const rows = [{ task_id: 'a' }, { task_id: 'b', _note: 'x' }].map((row) => ({
      ...row,
      method: 'base64',
      body: image,
    }));
    writeFileSync(place('in.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const flags = { file: place('in.jsonl') };
    const { err } = await batch({ flags });
    expect(err).not.toContain('later record');
    const written = read('out.csv');
    expect(written.split('\n')[0]).toMatch(/^task_id,method,body,_note,line,fields,/);
    await batch({ flags: { ...flags, export: true } });
    expect(read('out.csv').split('\n').toSorted()).toEqual(written.split('\n').toSorted());
  });

  it('escapes formulas in carried columns only', async () => {
    const input = `task_id,method,body,_x,memo,sitekey\n=1+1,base64,${image},=1,=cmd(),=k\n`;
    await batch({ input, flags: { keep: ['memo', 'sitekey'] } });
    const [, row = ''] = read('out.csv').split('\n');
    expect(row.slice(0, row.indexOf(',2,'))).toBe(`=1+1,base64,${image},'=1,'=cmd(),=k`);
  });

  it('keeps the journal in the state folder if the output is a device', async () => {
    await batch({ flags: { out: '/dev/null' } });
    expect(readdirSync(place('state/journals'))).toEqual([expect.stringMatching(/^in\.csv-.*\.journal$/)]);
    expect(existsSync('/dev/null.journal')).toBe(false);
  });

  it.each([
    ['a folder', '.', 'is a directory'],
    ['in a folder that is not there', 'no/x.csv', 'the directory'],
    ['in a file', 'in.csv/x.csv', 'the directory'],
  ])('rejects an --out that is %s, with its flag, and leaves nothing behind', async (_where, name, words) => {
    const refusal = await refusalOf(() => batch({ flags: { out: place(name) } }));
    expect(refusal).toContain(`--out ${place(name)}: ${words}`);
    expect(readdirSync(place('.'))).toEqual(['in.csv']);
  });

  it('rejects --keep for a column that the CSV does not have, with a suggestion', async () => {
    const input = three.replace('status', 'memo');
    const refusal = await refusalOf(() => batch({ input, flags: { keep: ['mem'] } }));
    expect(refusal).toContain('--keep: unknown column "mem"');
    expect(refusal).toContain('did you mean memo?');
  });
});
