import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True if this machine has a redis-server; otherwise prints what is skipped. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis) {
  console.warn('skipped: what needs redis-server (apt-get install redis-server, then npm run unit runs it)');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A separate Redis for tests on a free port, which writes to disk before it answers. */
export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'captcha-redis-'));
  readonly #isDurable: boolean;
  #child: ChildProcess | null = null;

  readonly #more: readonly string[];

  constructor(port: number, isDurable: boolean, more: readonly string[] = []) {
    this.port = port;
    this.#isDurable = isDurable;
    this.#more = more;
  }

  /** `more` are further options of redis-server. */
  static async start({ durable = true, more = [] as readonly string[] } = {}): Promise<RedisServer> {
    for (let tries = 1; ; tries += 1) {
      const server = new RedisServer(await freePort(), durable, more);
      try {
        await server.up();
        return server;
      } catch (error) {
        // Another process may have taken the port in the meantime.
        if (tries === 3) throw error;
      }
    }
  }

  /** Database 0 by default. */
  url(db = 0): string {
    return `redis://127.0.0.1:${this.port}/${db}`;
  }

  async up(): Promise<void> {
    const durable = this.#isDurable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
    const place = ['--save', '', '--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#folder];
    const child = spawn('redis-server', [...place, ...durable, ...this.#more], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error('redis-server did not start')));
      child.stdout.on('data', (text: Buffer) => {
        if (text.toString().includes('Ready to accept connections')) resolve();
      });
    });
  }

  /** Kills it, like a crash. */
  async down(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }

  /** Makes it keep its connections without answering. */
  freeze(): Promise<void> {
    this.#child?.kill('SIGSTOP');
    return Promise.resolve();
  }

  thaw(): Promise<void> {
    this.#child?.kill('SIGCONT');
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
