import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect } from 'vitest';
import { key, solutionMark } from './secrets.ts';

export const root = join(import.meta.dirname, '../../..');
export const bin = join(root, 'bin/captcha.js');

if (!existsSync(join(root, 'dist/main.js'))) {
  throw new Error('dist/main.js is missing: the acceptance tests run what was built. Run `npm run build` first.');
}

/** How a process ended, and its output. */
export interface Ended {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** Start options of a process. */
export interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Content of standard input; empty if absent; null leaves it open for the test to write to. */
  readonly input?: string | Uint8Array | null;
  /** A file descriptor to write to instead of a pipe. */
  readonly stdout?: number;
  /** It is ended after this time, and its test fails; left out, after 4 minutes. */
  readonly longestMs?: number | undefined;
}

/** A guard against what hangs, and no statement about speed: a busy machine may need most of it. */
const usuallyLongestMs = 240_000;
const stackTrace = /^\s+at \S.*(:\d+:\d+|<anonymous>|node:internal)/m;

/** Deprecated and experimental interfaces, leaks: what Node.js itself says on stderr. */
const nodeWarning = /^\(node:\d+\) /m;

/** Checks that apply to every run. */
function expectDecency({ stdout, stderr }: Ended): void {
  expect(stderr, 'a trace on stderr').not.toMatch(stackTrace);
  expect(stderr, 'a warning of Node.js on stderr').not.toMatch(nodeWarning);
  expect(stdout, 'the key on stdout').not.toContain(key);
  expect(stderr, 'the key on stderr').not.toContain(key);
  expect(stderr, 'the solution on stderr').not.toContain(solutionMark);
}

/** A process with a time limit, which cannot outlive its test. */
export class Running {
  readonly child: ChildProcess;
  /** Rejects if the time limit was reached, a stack trace was printed, or a secret was leaked. */
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';

  constructor({ command, args, cwd, env, input, stdout, longestMs = usuallyLongestMs }: Start) {
    const startedMs = performance.now();
    const stdio: StdioOptions = [input === undefined ? 'ignore' : 'pipe', stdout ?? 'pipe', 'pipe'];
    this.child = spawn(command, args, { cwd, env, stdio });
    this.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.#stdout += chunk));
    this.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.#stderr += chunk));
    // A program that does not read its input may end first.
    this.child.stdin?.on('error', () => undefined);
    if (input !== null) this.child.stdin?.end(input);
    this.ended = this.#end(startedMs, longestMs).then((ended) => {
      expectDecency(ended);
      return ended;
    });
    // The test awaits it later, possibly after it has rejected.
    this.ended.catch(() => undefined);
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves once the process has written this on either stream; rejects if it ends without it. */
  async said(pattern: RegExp): Promise<void> {
    const isSaid = (): boolean => pattern.test(this.#stdout) || pattern.test(this.#stderr);
    const streams = [this.child.stdout, this.child.stderr].filter((stream): stream is Readable => stream !== null);
    await new Promise<void>((resolve, reject) => {
      const look = (): void => (isSaid() ? resolve() : undefined);
      const giveUp = (): void =>
        reject(new Error(`${String(pattern)} was never said:\n${this.#stdout}${this.#stderr}`));
      for (const stream of streams) stream.on('data', look);
      this.child.once('close', giveUp);
      look();
    });
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Kills the process if it is still running. */
  destroy(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
  }

  #end(startedMs: number, longestMs: number): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        this.destroy();
        reject(new Error(`not ended within ${longestMs} ms:\n${this.#stdout}${this.#stderr}`));
      }, longestMs);
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        clearTimeout(limit);
        const durationMs = performance.now() - startedMs;
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr, durationMs });
      });
    });
  }
}
