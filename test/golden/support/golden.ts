import { join } from 'node:path';
import type { ExpectStatic } from 'vitest';
import { type Bench, it as benchIt, type Usage, words } from '../../acceptance/support/bench.ts';
import type { Ended } from '../../acceptance/support/running.ts';
import { normalise, withoutMeasuredCells, withoutPlaces, withoutWidths } from './normalise.ts';

/** How a text is stored: as it is but for paths, with placeholders, or with those for the cells of tables or CSV as well. */
export type Form = 'exact' | 'document' | 'table' | 'csv';

const expectedFolder = join(import.meta.dirname, '../expected');

const forms: Readonly<Record<Form, (text: string, home: string) => string>> = {
  exact: withoutPlaces,
  document: normalise,
  csv: (text, home) => withoutMeasuredCells(normalise(text, home)),
  table: (text, home) => withoutWidths(normalise(text, home)),
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON on one line is stored with one member a line, so that a change shows as one line; everything else as it is. */
function readable(text: string): string {
  if (isJson(text) && text.trim().includes('\n')) return text;
  const lines = text.split('\n');
  return lines.map((line) => (isJson(line) ? JSON.stringify(JSON.parse(line), null, 2) : line)).join('\n');
}

/** How a run ended, and what it wrote. */
export function transcript({ code, signal, stdout, stderr }: Ended): string {
  return `exit ${String(code ?? signal)}\n--- stdout\n${readable(stdout)}--- stderr\n${readable(stderr)}`;
}

/** Long enough for a machine that is busy with other things: no golden test is about how long something takes. */
export const patient = {
  api: { timeout: '60s' },
  solve: { timeout: '120s' },
  health: { timeout: '30s' },
};

/** Options of a golden run in addition to the usual ones. */
export interface GoldenUsage extends Usage {
  readonly form?: Form;
}

/** Compares texts of one test with `test/golden/expected/`, which `npx vitest run test/golden -u` writes. */
export class Golden {
  readonly bench: Bench;
  readonly #expect: ExpectStatic;

  constructor(bench: Bench, expect: ExpectStatic) {
    this.bench = bench;
    this.#expect = expect;
  }

  /** Compares with `expected/<name>.txt`. */
  async compare(name: string, text: string, form: Form = 'document'): Promise<void> {
    const stored = forms[form](text, this.bench.home);
    await this.#expect(stored).toMatchFileSnapshot(join(expectedFolder, `${name}.txt`));
  }

  /** Runs `captcha` with the words of a line and answers how it ended. */
  run(line: string, { config = {}, ...usage }: Usage = {}): Promise<Ended> {
    return this.bench.run(words(line), { ...usage, config: config && { ...patient, ...config } });
  }

  /** The same, and compares the exit code and both streams. */
  async compareRun(name: string, line: string, { form, ...usage }: GoldenUsage = {}): Promise<Ended> {
    const ended = await this.run(line, usage);
    await this.compare(name, `$ captcha ${line}\n${transcript(ended)}`, form);
    return ended;
  }

  /** Starts a sandbox in a process of its own, which solves at once. */
  async startSandbox(flags = ''): Promise<{ readonly url: string }> {
    const args = ['sandbox', '--latency', '0ms-0ms', ...words(flags)];
    const running = await this.bench.start(args, { config: null });
    await running.said(/export CAPTCHAAI_API_KEY=.*\n/);
    return { url: /listening on (\S+)/.exec(running.stdout)![1]! };
  }
}

/** vitest's `test` with a world of its own. */
export const it = benchIt.extend<{ golden: Golden }>({
  // The `expect` of its test: tests that run at the same time share no other state.
  golden: async ({ bench, task }, use) => use(new Golden(bench, task.context.expect)),
});
