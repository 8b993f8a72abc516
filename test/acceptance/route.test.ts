import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { it } from './support/bench.ts';
import { bin } from './support/running.ts';
import { screenOf } from './support/screen.ts';
import { firstRows } from '../support/exhaustive.ts';

const config = {
  regions: [
    { name: 'us-east-1', queue: 'sqs://captcha-tasks-us-east' },
    { name: 'eu-west-1', queue: 'redis://worker:hidden-password@redis:6379/0' },
  ],
  routes: { default: 'us-east-1', rules: [{ match: '*.example.de', region: 'eu-west-1' }] },
};
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));
const objectsOf = (text: string): { url: string; region: string | null; error: string | null }[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { url: string; region: string | null; error: string | null });

describe.concurrent('captcha route', () => {
  it('routes arguments, a file, a column and standard input the same way', async ({ bench }) => {
    const file = await bench.write('work/urls.txt', 'https://shop.example.de/x\nexample.com\n');
    await bench.write('work/tasks.csv', '\ufeffid;page\r\n1;https://shop.example.de/x\r\n2;example.com\r\n');
    const runs = await Promise.all([
      bench.run(['route', 'https://shop.example.de/x', 'example.com', '--format', 'jsonl'], { config }),
      bench.run(['route', '--file', file, '--format', 'jsonl'], { config }),
      bench.run(['route', '--file', 'tasks.csv', '--column', 'page', '--format', 'jsonl'], { config }),
      bench.run(['route', '--format', 'jsonl'], { config, input: 'https://shop.example.de/x\r\nexample.com' }),
      bench.run(['route', '-', '--format', 'jsonl'], {
        config,
        input: '# mine\n\nhttps://shop.example.de/x\nexample.com',
      }),
    ]);
    for (const { code, stdout, stderr } of runs) {
      expect(stderr).toBe('2 URLs: eu-west-1 1 (50 %), us-east-1 1 (50 %)\n');
      expect({ code, stdout }).toEqual({ code: 0, stdout: runs[0].stdout });
    }
    expect(objectsOf(runs[0].stdout).map(({ region }) => region)).toEqual(['eu-west-1', 'us-east-1']);
  });

  it('needs no key, and sends nothing', async ({ bench }) => {
    const { code } = await bench.run(['route', 'example.com'], { config, env: { CAPTCHAAI_API_KEY: undefined } });
    expect(code).toBe(0);
  });

  it('reports invalid URLs by line, and exits with 1', async ({ bench }) => {
    const input = 'example.com\nhttps://me:hidden-password@exa mple.com/\nhttps://[1\n';
    const { code, stdout, stderr } = await bench.run(['route', '--format', 'jsonl'], { config, input });
    expect(code).toBe(1);
    expect(objectsOf(stdout).map(({ error }) => error !== null)).toEqual([false, true, true]);
    expect(stderr).toMatch(/^line 2, .*\nline 3, .*\n3 URLs.*\n2 bad\n$/);
    expect(stdout + stderr).not.toContain('hidden-password');
  });

  firstRows(it).for(['table', 'csv', 'jsonl', 'json'])(
    'shows no password and no control character as %s',
    async (format, { bench }) => {
      const input = 'https://me:hidden-password@shop.example.de/\u001b[2J\u009b\u0007\n';
      const { code, stdout } = await bench.run(['route', '--explain', '--format', format], { config, input });
      expect(code).toBe(0);
      expect(stdout).toContain('redis://worker:***@redis:6379/0');
      expect(stdout).not.toContain('hidden-password');
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    },
  );

  it('prints one document with --json for any number of URLs', async ({ bench }) => {
    const input = Array.from({ length: 20_000 }, (_, row) => `https://a${row}.example.de/`).join('\n');
    const { stdout } = await bench.run(['route', '--json'], { config, input });
    const { schemaVersion, routes } = JSON.parse(stdout) as { schemaVersion: number; routes: { url: string }[] };
    expect([schemaVersion, routes.length, routes[19_999]?.url]).toEqual([1, 20_000, 'https://a19999.example.de/']);
  });

  it('answers before its input has ended', async ({ bench }) => {
    const running = await bench.start(['route', '--format', 'jsonl'], { config, input: null });
    running.child.stdin!.write('https://shop.example.de/first\n');
    await running.said(/"url":"https:\/\/shop\.example\.de\/first"/);
    running.child.stdin!.end('https://shop.example.de/last\n');
    expect(objectsOf((await running.ended).stdout)).toHaveLength(2);
  });

  firstRows(it).for<[readonly string[], string, RegExp]>([
    [['route'], '', /^error: the input contains no URLs/],
    [['route', '--file', 'nowhere.txt'], '', /^error: nowhere\.txt: there is no such file/],
    [['route', '--column', 'url'], 'page\na.b\n', /^error: --column url: unknown column\n {2}found "page"/],
    [['route', '--format', 'xml', 'a.b'], '', /^error: --format xml: unknown format/],
    [['route', 'a.b', '--explian'], '', /--explain/],
  ])('%j exits with 2 and the fix', async ([args, input, said], { bench }) => {
    const { code, stdout, stderr } = await bench.run(args, { config, input });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(said);
  });

  it('exits with 2 without configured regions', async ({ bench }) => {
    const { code, stderr } = await bench.run(['route', 'example.com']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: no regions are configured.*\n.*captcha --sandbox route/);
  });

  it('works with simulated regions and their health', async ({ bench }) => {
    const { code, stdout } = await bench.run(['--sandbox', 'route', '--health', 'example.com'], { config: null });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^URL +host +assigned +effective +rule +queue\nexample\.com +example\.com +us-east-1 +us-east-1 /,
    );
  });
});

describe.concurrent('captcha route with an early exit', () => {
  firstRows(it).for(['table', 'csv', 'jsonl', 'json'])(
    'is quiet when the reader of its %s has gone',
    async (format, { bench }) => {
      const script = `yes https://shop.example.de/ | "$@" route --format ${format} | head -n 3 > head; echo "\${PIPESTATUS[1]}"`;
      const path = await bench.write('route.json', config);
      const running = bench.startOther('bash', ['-c', script, 'sh', process.execPath, bin, '--config', path]);
      expect(await running.ended).toMatchObject({ code: 0, stdout: '141\n', stderr: '' });
    },
  );

  it.for<NodeJS.Signals>(['SIGINT', 'SIGTERM'])('ends at once by %s', async (signal, { bench }) => {
    const running = await bench.start(['route', '--format', 'jsonl'], { config, input: null });
    running.child.stdin!.write('https://shop.example.de/first\n');
    await running.said(/first/);
    running.signal(signal);
    expect(await running.ended).toMatchObject({ code: null, signal, stderr: '' });
  });

  it.skipIf(!existsSync('/dev/full'))('exits with 74 where its output cannot be written', async ({ bench }) => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = await bench.run(['route', 'example.com'], { config, stdout: full });
    closeSync(full);
    expect(code).toBe(74);
    expect(stderr).toMatch(/ENOSPC/);
  });

  it('is complete, even with a slow reader', async ({ bench }) => {
    const input = Array.from({ length: 20_000 }, (_, row) => `https://a${row}.example.de/`).join('\n');
    const running = await bench.start(['route', '--format', 'csv'], { config, input });
    running.child.stdout!.pause();
    await sleep(500);
    running.child.stdout!.resume();
    const { code, stdout } = await running.ended;
    expect({ code, lines: stdout.trimEnd().split('\n').length }).toEqual({ code: 0, lines: 20_001 });
  });
});

describe.skipIf(!hasScript).concurrent('captcha route on a terminal (skipped without the script of util-linux)', () => {
  firstRows(it).for([80, 120])('of %d columns fits it', async (columns, { bench }) => {
    const path = await bench.write('route.json', config);
    const urls = [`https://shop.example.de/${'long/'.repeat(40)}`, 'example.com'].map((url) => `'${url}'`).join(' ');
    const command = `stty cols ${columns} rows 24; exec '${process.execPath}' '${bin}' --config '${path}' route ${urls}`;
    const terminal = bench.startOther('script', ['-qec', command, '/dev/null'], {
      env: { TERM: 'xterm', NO_COLOR: '1' },
    });
    const { lines } = screenOf((await terminal.ended).stdout, columns);
    expect(lines[0]).toMatch(/^┌.*┐$/);
    expect(lines.filter((line) => /eu-west-1/.test(line))[0]).toMatch(/^│ https:.* │ eu-west-1 +│ .*│$/);
    expect(lines.at(-1)).toBe('2 URLs: eu-west-1 1 (50 %), us-east-1 1 (50 %)');
  });

  it('without URLs does not wait for input', async ({ bench }) => {
    const path = await bench.write('route.json', config);
    const command = `exec '${process.execPath}' '${bin}' --config '${path}' route`;
    const running = bench.startOther('script', ['-qec', command, '/dev/null'], { input: null, env: { NO_COLOR: '1' } });
    const { code, stdout } = await running.ended;
    expect(code).toBe(2);
    expect(stdout).toMatch(/error: no URL given\r?\n {2}pass a URL/);
  });
});
