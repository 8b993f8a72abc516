import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import type { SandboxOptions } from '../../../src/sandbox/options.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import type { Bench } from './bench.ts';
import { solution } from './secrets.ts';

export type Row = Readonly<Record<string, string>>;

/** A sandbox whose solutions name their site key, and which counts the accepted submissions per site key. */
export interface Ledger {
  readonly url: string;
  readonly sandbox: Sandbox;
  /** Number of accepted submissions per site key. */
  readonly accepted: ReadonlyMap<string, number>;
}

export const sitekeyOf = (row: number): string => `0x4AAA${String(row).padStart(6, '0')}`;

/** The solution that a ledger's sandbox gives. */
export const solutionFor = (sitekey: string): string => `${solution}.${sitekey}`;

/** A CSV of `count` turnstile tasks with the ids t1, t2 and so on. */
export function tasksCsv(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => {
    const row = index + 1;
    return `t${row},turnstile,${sitekeyOf(row)},https://example.com/login/${row}`;
  });
  return `task_id,method,sitekey,pageurl\n${rows.join('\n')}\n`;
}

/** Starts a sandbox that keeps a ledger. */
export async function openLedger(bench: Bench, options: SandboxOptions = {}): Promise<Ledger> {
  const accepted = new Map<string, number>();
  const sandbox = await bench.sandbox({
    latencyMs: [20, 60],
    ...options,
    answer: ({ params }) => {
      const { sitekey = '' } = params;
      accepted.set(sitekey, (accepted.get(sitekey) ?? 0) + 1);
      return solutionFor(sitekey);
    },
  });
  return { url: sandbox.url, sandbox, accepted };
}

/** The rows of a CSV. Throws for malformed ones. */
export function rowsOf(text: string, delimiter = ','): readonly Row[] {
  return parse<Row>(text, { columns: true, delimiter });
}

/** The rows of a CSV in the working directory. */
export async function rowsIn(bench: Bench, name: string, delimiter = ','): Promise<readonly Row[]> {
  return rowsOf(await readFile(join(bench.cwd, name), 'utf8'), delimiter);
}

/** A column of rows. */
export function column(rows: readonly Row[], name: string): readonly (string | undefined)[] {
  return rows.map((row) => row[name]);
}

/** Number of occurrences per text. */
export function countsOf(texts: readonly (string | undefined)[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(String(text), (counts.get(String(text)) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Waits for a condition that another process fulfils. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}
