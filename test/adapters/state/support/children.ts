import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The program of `child-acquire.ts`, bundled, in a folder that can also contain logs. */
export interface Program {
  readonly folder: string;
  readonly path: string;
  remove(): void;
}

/** For packages that require Node modules at run time. */
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

/** A token was granted between these times, on the host's clock. */
export interface Grant {
  readonly askedMs: number;
  readonly gotMs: number;
}

/** The child's output so far. */
export interface Said {
  readonly grants: Grant[];
  readonly warnings: string[];
  /** Maximum duration of a call, in ms. */
  longestMs: number;
  calls: number;
}

/** A process that requests tokens repeatedly. */
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

  /** Resolves once the process got a token. */
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
 * The maximum by which the tokens requested and granted within any window exceed `burst + perSecond·t`. A process may
 * be delayed between request and grant, so only grants completely inside the window count.
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
