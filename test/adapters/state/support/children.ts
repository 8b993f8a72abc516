import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The program of `child-acquire.ts`, bundled, in a folder of its own that can hold logs, too. */
export interface Program {
  readonly folder: string;
  readonly path: string;
  remove(): void;
}

/** For the packages that ask node for modules while they run. */
const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

export async function buildChild(source = join(import.meta.dirname, 'child-acquire.ts')): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'host-log-'));
  const path = join(folder, 'child.mjs');
  await build({
    entryPoints: [source],
    banner: { js: banner },
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  return { folder, path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A token was given between these moments, on the clock of the host. */
export interface Grant {
  readonly askedMs: number;
  readonly gotMs: number;
}

/** What a child has said so far. */
export interface Said {
  readonly grants: Grant[];
  readonly warnings: string[];
  /** The longest that one call took, in ms. */
  longestMs: number;
  calls: number;
}

/** A process that asks for tokens, over and over. */
export class Acquirer {
  readonly said: Said = { grants: [], warnings: [], longestMs: 0, calls: 0 };
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;

  constructor({ path }: Program, args: readonly string[]) {
    this.process = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.ended = once(this.process, 'close');
    let rest = '';
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#read(line);
    });
  }

  /** Resolves once the process has been granted something. */
  async running(): Promise<void> {
    while (this.said.calls === 0 && this.process.exitCode === null)
      await once(this.process.stdout ?? this.process, 'data');
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.process.kill(signal);
    await this.ended;
  }

  #read(line: string): void {
    const [what = '', value = ''] = line.split(/ (.*)/);
    const [first = 0, second = 0] = value.split(' ').map(Number);
    if (what === 'warning') this.said.warnings.push(value);
    else if (what === 'grant') this.said.grants.push({ askedMs: first, gotMs: second });
    else {
      this.said.calls += first;
      this.said.longestMs = Math.max(this.said.longestMs, second);
    }
  }
}

/**
 * The most by which the tokens that were asked for and given within any window exceed `burst + perSecond·t`. A process may
 * be held up between asking and getting, so that only what lies in the window from end to end counts for certain.
 */
export function worstExcess(
  grants: readonly Grant[],
  { burst, perSecond }: { burst: number; perSecond: number },
): number {
  const byEnd = grants.toSorted((a, b) => a.gotMs - b.gotMs);
  const excessFrom = (fromMs: number): number => {
    let [count, worst] = [0, -Infinity];
    for (const { askedMs, gotMs } of byEnd) {
      if (askedMs < fromMs) continue;
      count += 1;
      worst = Math.max(worst, count - burst - (perSecond * (gotMs - fromMs)) / 1_000);
    }
    return worst;
  };
  return Math.max(...grants.map(({ askedMs }) => excessFrom(askedMs)));
}
