import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'vitest';
import type { SandboxOptions } from '../../../src/sandbox/options.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { bin, type Ended, Running, type Start } from './running.ts';
import { key, solution } from './secrets.ts';
import { type Respond, type Service, startService } from './service.ts';

/** Options of a command that differ from the defaults. */
export interface Usage extends Partial<Pick<Start, 'cwd' | 'input' | 'stdout' | 'longestMs'>> {
  /** The service; without one nothing listens at the base URL. */
  readonly at?: { readonly url: string };
  /** Added to the default environment; `undefined` removes a variable. */
  readonly env?: NodeJS.ProcessEnv;
  /** Added to the default configuration; null uses no config file. */
  readonly config?: object | null;
}

/** Waits that are too short for a real service, and limits that a busy machine keeps. */
const hasty = {
  api: { timeout: '60s' },
  polling: { firstWait: '0ms', interval: '20ms' },
  retry: { baseDelay: '10ms', maxDelay: '50ms' },
  solve: { timeout: '120s' },
};

/** No service listens on port 9 (discard): a command that should send nothing fails visibly if it does. */
const nowhere = { url: 'http://127.0.0.1:9' };

/** Flags of a task that the sandbox solves. */
export const turnstile = ['--method', 'turnstile', '--sitekey', '0x4AAA', '--pageurl', 'https://example.com/login'];

/** Splits a command line into words; TASK stands for the flags of a task that the sandbox solves. */
export function words(line: string): readonly string[] {
  return line.split(' ').flatMap((word) => (word === 'TASK' ? turnstile : word === '' ? [] : [word]));
}

/** The isolated environment of a test: a home folder, services on loopback, and the built program as processes. */
export class Bench {
  /** The working directory of commands, in `home`. */
  readonly cwd: string;
  /** Contains everything that a command may write. */
  readonly home: string;
  readonly #closers: (() => unknown)[] = [];
  #configCount = 0;

  constructor(home: string) {
    this.home = home;
    this.cwd = join(home, 'work');
  }

  /** Writes a file below `home`; values that are not text become JSON. Returns its path. */
  async write(name: string, content: unknown): Promise<string> {
    const path = join(this.home, name);
    await mkdir(dirname(path), { recursive: true });
    const isRaw = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(path, isRaw ? content : JSON.stringify(content));
    return path;
  }

  /** A sandbox that gives the same solution for everything, with the ids of CaptchaAI. */
  async sandbox(options: SandboxOptions = {}): Promise<Sandbox> {
    const usual: SandboxOptions = { latencyMs: [50, 50], answer: () => solution, quirks: ['numeric-ids'] };
    const sandbox = await startSandbox({ ...usual, ...options });
    this.afterwards(() => sandbox.close());
    return sandbox;
  }

  /** A service with answers defined by the test. */
  async service(respond: Respond): Promise<Service> {
    const service = await startService(respond);
    this.afterwards(() => service.close());
    return service;
  }

  /** Starts `captcha` with these arguments. */
  async start(args: readonly string[], usage: Usage = {}): Promise<Running> {
    const { config = {}, at = nowhere, ...special } = usage;
    const flags = config === null ? [] : ['--config', await this.#writeConfig(config)];
    return this.startOther(process.execPath, [bin, ...flags, ...args], { at, ...special });
  }

  /** Runs `captcha` with these arguments to its end. */
  async run(args: readonly string[], usage: Usage = {}): Promise<Ended> {
    return (await this.start(args, usage)).ended;
  }

  /** Starts another program in the same environment. */
  startOther(command: string, args: readonly string[], usage: Omit<Usage, 'config'> = {}): Running {
    const { env = {}, at = nowhere, cwd = this.cwd, ...streams } = usage;
    const running = new Running({ command, args, cwd, env: { ...this.#environment(at.url), ...env }, ...streams });
    this.afterwards(() => running.destroy());
    return running;
  }

  /** Runs this at the end of the test; the last one first. */
  afterwards(close: () => unknown): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    await rm(this.home, { recursive: true, force: true });
  }

  /** A separate file per command: another command may be reading the previous one. */
  #writeConfig(config: object): Promise<string> {
    this.#configCount += 1;
    return this.write(`hasty-${this.#configCount}.json`, { ...hasty, ...config });
  }

  #environment(url: string): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.home,
      TMPDIR: join(this.home, 'tmp'),
      XDG_CONFIG_HOME: join(this.home, 'config'),
      XDG_STATE_HOME: join(this.home, 'state'),
      CAPTCHAAI_API_KEY: key,
      CAPTCHAAI_BASE_URL: url,
    };
  }
}

async function openBench(): Promise<Bench> {
  const bench = new Bench(await realpath(await mkdtemp(join(tmpdir(), 'captcha-acceptance-'))));
  for (const folder of [bench.cwd, join(bench.home, 'tmp')]) await mkdir(folder);
  return bench;
}

/** vitest's `test` with its own bench, which is removed at the end of the test. */
export const it = test.extend<{ bench: Bench }>({
  // vitest reads the names of the needed fixtures from the destructuring pattern.
  bench: async ({}, use) => {
    const bench = await openBench();
    try {
      await use(bench);
    } finally {
      await bench.close();
    }
  },
});
