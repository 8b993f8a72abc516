import type { Context } from './context.ts';
import type { LogWriter } from '../ports/state.ts';
import type { Override } from '../config/load.ts';
import { labelPattern } from '../domain/label.ts';
import { UsageError } from '../domain/errors.ts';

/** Collects the values of a repeatable flag. */
export function repeatable(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** Turns flags such as `--timeout` into config overrides. The config schema checks their values. */
export function overridesOf(
  flags: Readonly<Record<string, string | undefined>>,
  paths: Readonly<Record<string, string>>,
): Override[] {
  return Object.entries(paths).flatMap(([name, path]) => {
    const value = flags[name];
    return value === undefined
      ? []
      : [{ path, value, from: `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}` }];
  });
}

/** `--budget 10/s`: a fixed token bucket that holds one second's worth of tokens and refills at that rate. */
export function budgetOverrides(text: string | undefined): Override[] {
  if (text === undefined) return [];
  const rate = /^(\d+(?:\.\d+)?)\/s$/.exec(text)?.[1];
  if (rate === undefined || Number(rate) <= 0) {
    throw new UsageError(`--budget ${text}: not a rate`, 'write retries per second, for example --budget 10/s');
  }
  const values = { ratio: null, maxRetriesPerSecond: Number(rate), burst: Math.ceil(Number(rate)) };
  return Object.entries(values).map(([key, value]) => ({ path: `budget.${key}`, value, from: '--budget' }));
}

/** Whose submissions a command sends: `--label`, else CAPTCHA_LABEL; null without one. */
function labelOf({ label }: { readonly label?: string }, env: Context['env']): string | null {
  const [from, written] = label === undefined ? ['CAPTCHA_LABEL', env['CAPTCHA_LABEL'] ?? ''] : ['--label', label];
  if (from === 'CAPTCHA_LABEL' && written === '') return null;
  if (labelPattern.test(written)) return written;
  throw new UsageError(
    `${from} ${written}: not a label`,
    'use at most 64 letters, digits, dots, dashes and underscores',
  );
}

/** A command that submits, as the audit names it. */
export function writerOf(command: string, flags: { readonly label?: string }, env: Context['env']): LogWriter {
  const label = labelOf(flags, env);
  return { command, ...(label !== null && { label }) };
}

/** Parses the `name=value` pairs of a flag. The first `=` separates name and value. */
export function parsePairs(flag: '--param' | '--image', pairs: readonly string[]): Record<string, string> {
  const [form, example] =
    flag === '--param' ? ['name=value', 'version=v3'] : ['name=file', 'imginstructions=instructions.png'];
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`${flag} ${pair}: expected ${form}`, `for example ${flag} ${example}`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

const formatsByEnding: Readonly<Record<string, 'csv' | 'jsonl'>> = {
  csv: 'csv',
  tsv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
};

/**
 * The format of rows by the ending of their file; null for standard output, devices and names without an ending. Throws
 * `UsageError` for other endings: a program would open the file as something else. `fix`: how to write it anyway.
 */
export function formatByEnding(flag: string, path: string, fix: string): 'csv' | 'jsonl' | null {
  const ending = /[^/\\]\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase();
  if (ending === undefined || path.startsWith('/dev/')) return null;
  const format = formatsByEnding[ending];
  if (format !== undefined) return format;
  throw new UsageError(
    `${flag} ${path}: .${ending} files are not supported`,
    `use .csv, .tsv, .jsonl or .ndjson${fix}`,
  );
}

export const rowFormats = ['csv', 'jsonl'] as const;

/** The format of rows by the flags; null if they leave it open. Throws `UsageError` for an unknown one. */
export function rowFormat(
  { format, out = '-' }: { readonly format?: string; readonly out?: string },
  json: boolean,
): 'csv' | 'jsonl' | null {
  const known = rowFormats.find((name) => name === format);
  if (known !== undefined) return known;
  if (format !== undefined) throw new UsageError(`--format ${format}: unknown format`, 'use csv or jsonl');
  return json ? 'jsonl' : formatByEnding('--out', out, ', or add --format csv or --format jsonl');
}
