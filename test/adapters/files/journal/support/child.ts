import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

/** Programs of this folder as bundled files that node runs. */
export interface ChildPrograms {
  readonly folder: string;
  pathOf(name: string): string;
  remove(): void;
}

export async function buildChildren(names: readonly string[]): Promise<ChildPrograms> {
  const folder = mkdtempSync(join(tmpdir(), 'journal-children-'));
  await build({
    entryPoints: names.map((name) => join(import.meta.dirname, `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  return {
    folder,
    pathOf: (name) => join(folder, `${name}.mjs`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A running child, its stdout line by line. */
export class Child {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly #ended: Promise<unknown>;
  #wake: () => void = () => undefined;

  constructor(command: string, args: readonly string[]) {
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#ended = once(this.process, 'close').then(() => this.#wake());
    let rest = '';
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const parts = `${rest}${text}`.split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts);
      this.#wake();
    });
    onTestFinished(() => void this.process.kill('SIGKILL'));
  }

  /** The n-th line, from 1. Throws if the child ends first. */
  async line(n: number): Promise<string> {
    while (this.lines.length < n) {
      if (this.process.exitCode !== null || this.process.signalCode !== null) await this.#ended;
      const line = this.lines[n - 1];
      if (line !== undefined) return line;
      if (this.process.stdout?.readableEnded === true) throw new Error(`ended after ${this.lines.length} lines`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.lines[n - 1] ?? '';
  }

  /** Resolves once the child has ended and all its output was read. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#ended;
  }
}
