import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import { tasksCsv } from './support/batch.ts';
import { type Bench, it, turnstile } from './support/bench.ts';
import { listen, recording, unusedPort } from './support/service.ts';
import { firstRows } from '../support/exhaustive.ts';

const solve = ['solve', ...turnstile, '--json'];

interface Outcome {
  readonly possiblyCharged: boolean;
}

describe.concurrent('an unreachable service', () => {
  it('refuses the connection: all attempts fail, and nothing can have been charged', async ({ bench }) => {
    const url = `http://127.0.0.1:${await unusedPort()}`;
    const [solved, asked] = await Promise.all([
      bench.run([...solve, '--fail-fast'], { at: { url } }),
      bench.run(['balance'], { at: { url } }),
    ]);
    expect([solved.code, asked.code]).toEqual([4, 4]);
    expect(JSON.parse(solved.stdout)).toMatchObject({ reason: 'attempts-exhausted', possiblyCharged: false });
    expect(solved.stderr).toContain('the connection was refused');
  });

  it('has an unknown host name, which no waiting mends', async ({ bench }) => {
    const ended = await bench.run(solve, { at: { url: 'https://no-such-host.invalid' } });
    // Without a name server the name may exist.
    const isTemporary = ended.stderr.includes('temporary DNS failure');
    expect(ended.code, ended.stderr).toBe(isTemporary ? 4 : 2);
    expect(JSON.parse(ended.stdout)).toMatchObject({ possiblyCharged: false });
    if (!isTemporary) expect(ended.stderr).toContain('Check the host name in api.baseUrl');
  });

  it('opens the breaker before the last attempt', async ({ bench }) => {
    const url = `http://127.0.0.1:${await unusedPort()}`;
    const ended = await bench.run([...solve, '--max-attempts', '50', '--fail-fast'], { at: { url } });
    expect(ended.code).toBe(4);
    const outcome = JSON.parse(ended.stdout) as { reason: string; attempts: object[] };
    expect(outcome.reason).toBe('breaker-open');
    expect(outcome.attempts).toHaveLength(5);
  });

  it('is awaited until the timeout', async ({ bench }) => {
    const url = `http://127.0.0.1:${await unusedPort()}`;
    const args = [...solve, '--max-attempts', '50', '--timeout', '5s'];
    const config = { breaker: { breakDuration: '100ms', maxBreakDuration: '100ms' } };
    const ended = await bench.run(args, { at: { url }, config });
    expect(ended.code).toBe(4);
    expect((JSON.parse(ended.stdout) as { attempts: object[] }).attempts.length).toBeGreaterThan(5);
  });

  it('uses up the retry budget if the breaker is disabled', async ({ bench }) => {
    const config = {
      retry: { baseDelay: '0ms', maxDelay: '0ms' },
      breaker: { failureRatio: null, consecutiveFailures: null },
      budget: { scope: 'process', burst: 4, minRetriesPerSecond: 0 },
    };
    const url = `http://127.0.0.1:${await unusedPort()}`;
    const ended = await bench.run([...solve, '--max-attempts', '50', '--fail-fast'], { at: { url }, config });
    expect(ended.code).toBe(4);
    const outcome = JSON.parse(ended.stdout) as { reason: string; attempts: object[] };
    expect(outcome.reason).toBe('budget-exhausted');
    // The first submission is free; each further one costs a token.
    expect(outcome.attempts).toHaveLength(5);
  });
});

/** A server below HTTP with this reaction to every connection that sends data. */
async function rawServer(bench: Bench, onRequest: (socket: Socket) => void): Promise<{ url: string }> {
  const server = await listen(createServer((socket) => socket.once('data', () => onRequest(socket))));
  bench.afterwards(() => server.close());
  return { url: `http://127.0.0.1:${server.port}` };
}

const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n';

function drip(socket: Socket): void {
  socket.write(`${head}\r\n`);
  const timer = setInterval(() => socket.write('x'), 50);
  socket.on('close', () => clearInterval(timer));
}

function flood(socket: Socket): void {
  const pour = (): void => {
    while (!socket.destroyed && socket.write('x'.repeat(65_536)));
  };
  socket.write(`${head}\r\n`);
  socket.on('drain', pour);
  pour();
}

describe.concurrent('a server that accepts a submission and', () => {
  firstRows(it, 2).for<[string, (socket: Socket) => void, string, string?]>([
    ['says nothing', () => undefined, 'no answer within the time limit', '1s'],
    ['never comes to an end', drip, 'no answer within the time limit', '1s'],
    ['floods', flood, 'the answer was too big'],
    ['hangs up', (socket) => socket.end(), 'the connection was closed'],
    ['speaks no HTTP', (socket) => socket.end('SSH-2.0\r\n'), 'the answer was not valid HTTP'],
    ['sends a mountain of headers', (socket) => socket.end(head + 'X-A: y\r\n'.repeat(9_000)), 'HEADERS'],
  ])(
    '%s is abandoned in time, and may have charged for it',
    async ([, onRequest, message, timeout = '60s'], { bench }) => {
      const at = await rawServer(bench, onRequest);
      const ended = await bench.run(solve, { at, config: { api: { timeout } } });
      expect(ended.code).toBe(4);
      expect((JSON.parse(ended.stdout) as Outcome).possiblyCharged).toBe(true);
      expect(ended.stderr).toContain(message);
    },
  );

  it('does not answer: the deadline ends the call before its own timeout', async ({ bench }) => {
    const at = await rawServer(bench, () => undefined);
    const ended = await bench.run([...solve, '--timeout', '5s'], { at, config: { api: { timeout: '60s' } } });
    expect(ended.code).toBe(4);
    expect(JSON.parse(ended.stdout)).toMatchObject({ reason: 'deadline-exceeded', possiblyCharged: true });
  });
});

const run = promisify(execFile);

/** A certificate without a trusted issuer; null without openssl to create one. */
async function selfSigned(bench: Bench): Promise<{ key: string; cert: string } | null> {
  const [key, cert] = [join(bench.home, 'tls.key'), join(bench.home, 'tls.crt')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ];
  try {
    await run('openssl', args);
  } catch {
    return null;
  }
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
}

describe.concurrent('a server with an untrusted certificate', () => {
  it('gets no request, and no further attempt', async ({ bench, skip }) => {
    const pair = await selfSigned(bench);
    if (pair === null) return skip('openssl is not installed');
    const { listener, received } = recording(() => ({ body: 'OK|7' }));
    const server = await listen(createTlsServer(pair, listener));
    bench.afterwards(() => server.close());
    const url = `https://localhost:${server.port}`;
    const ended = await bench.run(solve, { at: { url } });
    expect(ended.code, ended.stderr).toBe(2);
    expect(JSON.parse(ended.stdout)).toMatchObject({ reason: 'config', possiblyCharged: false });
    expect(ended.stderr).toMatch(/its certificate is self-signed\. Check api\.baseUrl.*NODE_EXTRA_CA_CERTS/);
    expect(server.connections()).toBe(1);
    await bench.write('work/tasks.csv', tasksCsv(50));
    const batch = await bench.run(['batch', 'tasks.csv', '--out', 'solved.csv'], { at: { url } });
    expect(batch.code, batch.stderr).toBe(2);
    expect(batch.stderr).toMatch(/^0 submissions/m);
    expect(batch.stderr).toMatch(/stopped: configuration error .*self-signed.*50 tasks left/);
    expect(received).toEqual([]);
  });
});

describe.concurrent('an http:// base URL off loopback', () => {
  firstRows(it).for([
    'http://captcha.example',
    'http://192.0.2.1',
    'http://127.0.0.1.example',
    'http://0.0.0.0',
    'http://[::ffff:1.2.3.4]',
  ])('%s is refused without any traffic', async (url, { bench }) => {
    const proxy = await bench.service(() => ({ status: 502 }));
    const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
    const { code, stdout, stderr } = await bench.run(solve, { at: { url }, env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('api.allowHttp');
    expect(proxy.connections()).toBe(0);
  });

  it('is used if api.allowHttp permits it', async ({ bench }) => {
    const proxy = await bench.service(() => ({ status: 502 }));
    const config = { api: { allowHttp: true, timeout: '1s' } };
    const env = { HTTP_PROXY: proxy.url };
    expect(await bench.run(['balance'], { at: { url: 'http://captcha.example' }, env, config })).toMatchObject({
      code: 4,
    });
    expect(proxy.connections()).toBe(1);
  });

  firstRows(it).for([
    'ftp://captcha.example',
    'captcha.example',
    'https://captcha.example/?key=x',
    'javascript:alert(1)',
  ])('%s is not a base URL', async (url, { bench }) => {
    expect(await bench.run(solve, { at: { url } })).toMatchObject({ code: 2, stdout: '' });
  });
});
