import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** A process that holds a task, and its output. */
export interface Holder {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** Resolves when it has printed the line. */
  says(line: string): Promise<void>;
}

/** The program, bundled once. */
export async function buildHolder(): Promise<{ readonly path: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'captcha-holder-'));
  const path = join(folder, 'holder.mjs');
  const entryPoints = [join(import.meta.dirname, 'holding-child.ts')];
  const shape = { bundle: true, platform: 'node', format: 'esm', logLevel: 'error' } as const;
  await build({ ...shape, entryPoints, outfile: path, banner: { js: banner } });
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts it; the caller must kill it. */
export function startHolder(path: string, url: string, region: string): Holder {
  const child = spawn(process.execPath, [path, url, region], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    waiting.get(line)?.();
  });
  const says = (line: string): Promise<void> =>
    lines.includes(line) ? Promise.resolve() : new Promise((resolve) => waiting.set(line, resolve));
  return { child, lines, says };
}
