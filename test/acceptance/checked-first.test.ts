import { execFileSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { anImage, imageText } from '../support/an-image.ts';
import { column, rowsIn } from './support/batch.ts';
import { it, turnstile } from './support/bench.ts';
import { firstRows, someOf } from '../support/exhaustive.ts';

const header = 'method,sitekey,pageurl\n';
const tasks = `${header}turnstile,0x4AAA,https://example.com/\n`;

describe.concurrent('an option without its value', () => {
  firstRows(it, 2).for<[string[], string]>([
    [['batch', 'a.csv', '--out', '--dry-run'], '--out needs a value, but the next word is the option --dry-run'],
    [['batch', 'a.csv', '--errors', '--dry-run'], 'to use it as the value, write --errors=--dry-run'],
    [['batch', 'a.csv', '--out', '-V'], 'the next word is the option -V'],
    [['batch', 'a.csv', '--out', '--json'], 'the next word is the option --json'],
    [['batch', 'a.csv', '--out', ''], '--out has an empty value'],
    [['solve', ...turnstile, '--sitekey', '--no-submit'], 'the next word is the option --no-submit'],
    [['solve', ...turnstile, '--config', '--no-submit'], 'the next word is the option --no-submit'],
    [['solve', ...turnstile, '--sitekey', ''], '--sitekey has an empty value'],
  ])('%j ends with 2 and submits nothing', async ([args, message], { bench }) => {
    const sandbox = await bench.sandbox();
    await bench.write('work/a.csv', tasks);
    const { code, stdout, stderr } = await bench.run(args, { at: sandbox });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(sandbox.stats().requests).toBe(0);
  });
});

const located = { regions: [{ name: 'eu', location: [50, 8] }], routes: { default: 'eu' } };
/** With and without regions: where there are some, the page is looked at for its region, too. */
const settings = someOf([{}, located], (config) => config === located);

describe.concurrent('a task that cannot be solved', () => {
  firstRows(it).for<[string, string]>([
    ['not a url', 'its host contains a space'],
    ['ftp://x', 'the scheme is ftp, not http or https'],
    ['example.com/login', 'does not begin with https://'],
    ['0x4AAAAAAADnPIDROrmt1Wwj', 'looks like a site key'],
  ])('is not paid for with the page %s', async ([pageurl, message], { bench }) => {
    const sandbox = await bench.sandbox();
    await bench.write('work/a.csv', `${header}turnstile,0x4AAA,${pageurl}\n`);
    for (const config of settings) {
      const solve = ['solve', '--method', 'turnstile', '--sitekey', '0x4AAA', '--pageurl', pageurl];
      const solved = await bench.run(solve, { at: sandbox, config });
      expect(solved).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) as string });
      const batch = await bench.run(['batch', 'a.csv', '--out', 'o.csv', '--fresh'], { at: sandbox, config });
      expect(batch).toMatchObject({ code: 1, stderr: expect.stringContaining(message) as string });
    }
    expect(sandbox.stats().submissions).toBe(0);
  });

  it('is not paid for with an invalid image', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const files: Record<string, string | Uint8Array> = {
      'text.png': 'not really a picture, but a text of a hundred bytes or more, as people write them into files'.repeat(
        2,
      ),
      'page.png': '<!doctype html><html><head></head><body>Not found</body></html>'.repeat(3),
      '.ssh/id_rsa': `-----BEGIN OPENSSH PRIVATE KEY-----\n${'A'.repeat(300)}\n`,
      'noise.png': Uint8Array.from({ length: 500 }, (_, index) => (index * 167 + 1) % 256),
      'small.png': anImage('png', 69),
      'large.png': anImage('png', 1_400_000),
      'empty.png': '',
    };
    for (const [name, content] of Object.entries(files)) await bench.write(`work/${name}`, content);
    await symlink('.ssh/id_rsa', join(bench.cwd, 'link.png'));
    execFileSync('mkfifo', [join(bench.cwd, 'pipe.png')]);
    const names = [...Object.keys(files), 'link.png'];
    const rows = [...names, 'pipe.png', '/dev/zero'].map((name) => `base64,${name},\n`);
    await bench.write('work/a.csv', `method,file,body\n${rows.join('')}base64,,bm90IGFuIGltYWdl\naudio,.ssh/id_rsa,\n`);
    for (const config of settings) {
      const line = ['batch', 'a.csv', '--out', 'o.csv', '--errors', 'bad.csv', '--fresh'];
      const ended = await bench.run(line, { at: sandbox, config });
      expect(ended, ended.stderr).toMatchObject({ code: 1 });
      expect(await rowsIn(bench, 'o.csv')).toEqual([]);
      expect(column(await rowsIn(bench, 'bad.csv'), 'row')).toHaveLength(rows.length + 2);
      for (const name of [...names, '/dev/zero']) {
        const solved = await bench.run(['solve', name], { at: sandbox, config });
        expect(solved).toMatchObject({ code: 2, stdout: '' });
      }
    }
    expect(sandbox.stats().submissions).toBe(0);
  });
});

describe.concurrent('an image', () => {
  it('is sent as bare base64, whatever its input format', async ({ bench }) => {
    const bodies: (string | undefined)[] = [];
    const sandbox = await bench.sandbox({ answer: ({ params }) => (bodies.push(params['body']), 'abc') });
    const uri = `data:image/png;base64,${imageText().replace(/.{76}/g, '$&\n')}\n`;
    await bench.write('work/uri.txt', uri);
    await bench.write('work/a.csv', `method,body\nbase64,"${uri}"\n`);
    expect(await bench.run(['solve', 'uri.txt'], { at: sandbox })).toMatchObject({ code: 0 });
    expect(await bench.run(['solve', '-'], { at: sandbox, input: imageText() })).toMatchObject({ code: 0 });
    expect(await bench.run(['batch', 'a.csv', '--out', 'o.csv'], { at: sandbox })).toMatchObject({ code: 0 });
    expect(bodies).toEqual([imageText(), imageText(), imageText()]);
  });
});
