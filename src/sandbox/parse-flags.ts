import { knownNames } from '../domain/closest-name.ts';
import { parseDuration } from '../domain/duration.ts';
import { UsageError } from '../domain/errors.ts';
import { readFaultMode } from './fault-modes.ts';
import type { Outage, RandomFault, RegionOutage, SandboxOptions } from './options.ts';
import { type Quirk, quirkNames } from './quirks.ts';

/** The flags of `captcha sandbox`, as typed. */
export interface SandboxFlags {
  readonly fault?: readonly string[] | undefined;
  readonly outage?: readonly string[] | undefined;
  readonly latency?: string | undefined;
  readonly regions?: string | undefined;
  readonly regionOutage?: readonly string[] | undefined;
  readonly threads?: string | undefined;
  readonly port?: string | undefined;
  readonly key?: string | undefined;
  readonly balance?: string | undefined;
  readonly retryAfter?: string | undefined;
  readonly quirk?: readonly string[] | undefined;
  readonly withoutSolvePhp?: boolean | undefined;
}

const regionName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const wrong = (flag: string, what: string, example: string): UsageError =>
  new UsageError(`${flag}: ${what}`, `For example ${flag} ${example}`);

/** Splits at the last colon, because a mode may contain one (`ERROR: 1005`). */
function splitMode(text: string): [mode: string, rest: string] | null {
  const colon = text.lastIndexOf(':');
  return colon < 1 || colon === text.length - 1 ? null : [text.slice(0, colon), text.slice(colon + 1)];
}

function checkMode(flag: string, mode: string, example: string): void {
  try {
    readFaultMode(mode);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${flag}: ${error.message}`, `${error.hint ?? ''} For example ${flag} ${example}`);
  }
}

function durationIn(flag: string, text: string, example: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== null) return durationMs;
  const bare = /^\d+(\.\d+)?$/.test(text) ? `: did you mean ${text}s?` : '';
  throw wrong(flag, `"${text}" is not a duration${bare}`, example);
}

function rangeIn(flag: string, text: string, example: string): [fromMs: number, toMs: number] | null {
  const [from = '', to = '', ...more] = text.split('-').map((end) => end.trim());
  if (from === '' || to === '' || more.length > 0) return null;
  return [durationIn(flag, from, example), durationIn(flag, to, example)];
}

function periodIn(flag: string, text: string, example: string): { fromMs: number; toMs: number } {
  const [fromMs, toMs] = rangeIn(flag, text, example) ?? [];
  if (fromMs === undefined || toMs === undefined) throw wrong(flag, `"${text}" is not FROM-TO`, example);
  if (toMs <= fromMs) throw wrong(flag, `"${text}" ends before it begins`, example);
  return { fromMs, toMs };
}

function wholeNumber(flag: string, text: string, limits: { min: number; max: number; example: string }): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= limits.min && value <= limits.max) return value;
  throw wrong(flag, `"${text}" is not a whole number from ${limits.min} to ${limits.max}`, limits.example);
}

function parseFault(text: string): RandomFault {
  const example = '503:0.1';
  const [mode, share] = splitMode(text) ?? [];
  if (mode === undefined || share === undefined) throw wrong('--fault', `"${text}" is not MODE:SHARE`, example);
  checkMode('--fault', mode, example);
  const value = /^(\d+(\.\d+)?|\.\d+)$/.test(share) ? Number(share) : NaN;
  if (!(value <= 1)) throw wrong('--fault', `the share "${share}" is not a number from 0 to 1`, example);
  return { mode, share: value };
}

function parseOutage(text: string): Outage {
  const example = '503:5s-20s';
  const [mode, range] = splitMode(text) ?? [];
  if (mode === undefined || range === undefined) throw wrong('--outage', `"${text}" is not MODE:FROM-TO`, example);
  checkMode('--outage', mode, example);
  return { mode, ...periodIn('--outage', range, example) };
}

function parseRegionOutage(text: string): RegionOutage {
  const flag = '--region-outage';
  const example = 'eu-west-1:down:10s-30s';
  const [place = '', range = ''] = splitMode(text) ?? [];
  const [, region, status] = /^([^:]+):(down|slow)$/.exec(place) ?? [];
  if (region === undefined) throw wrong(flag, `"${text}" is not NAME:down:FROM-TO or NAME:slow:FROM-TO`, example);
  return { region, status: status === 'slow' ? 'slow' : 'down', ...periodIn(flag, range, example) };
}

function parseLatency(text: string): [min: number, max: number] {
  const example = '50ms-150ms';
  if (!text.includes('-')) {
    const latencyMs = durationIn('--latency', text, example);
    return [latencyMs, latencyMs];
  }
  const range = rangeIn('--latency', text, example);
  if (range === null) throw wrong('--latency', `"${text}" is not MIN-MAX`, example);
  if (range[1] < range[0]) throw wrong('--latency', `"${text}" ends before it begins`, example);
  return range;
}

function parseRegions(text: string): readonly string[] {
  const example = 'us-east-1,eu-west-1';
  const names = text.split(',').map((name) => name.trim());
  const bad = names.find((name) => !regionName.test(name));
  if (bad !== undefined) throw wrong('--regions', `"${bad}" is not a valid region name`, example);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw wrong('--regions', `"${repeated}" is named twice`, example);
  return names;
}

/** The header counts whole seconds. */
function parseRetryAfter(text: string): string {
  return String(Math.ceil(durationIn('--retry-after', text, '7s') / 1_000));
}

function parseBalance(text: string): string {
  if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return text;
  throw wrong('--balance', `"${text}" is not a number`, '12.5');
}

function parseKey(text: string): string {
  if (text.trim() !== '') return text;
  throw new UsageError('--key: the key is empty', 'Leave out --key to accept every key.');
}

function parseQuirk(text: string): Quirk {
  const known = quirkNames.find((name) => name === text);
  if (known !== undefined) return known;
  throw new UsageError(`--quirk: "${text}" is not a quirk`, knownNames(text, quirkNames));
}

/**
 * Converts the flags of `captcha sandbox` into options. Throws `UsageError` that names the flag and a valid example.
 */
export function parseSandboxFlags(flags: SandboxFlags): SandboxOptions {
  const {
    fault,
    outage,
    latency,
    regions,
    regionOutage,
    threads,
    port,
    key,
    balance,
    retryAfter,
    quirk,
    withoutSolvePhp,
  } = flags;
  return {
    ...(fault && { faults: fault.map(parseFault) }),
    ...(outage && { outages: outage.map(parseOutage) }),
    ...(latency !== undefined && { latencyMs: parseLatency(latency) }),
    ...(regions !== undefined && { regions: parseRegions(regions) }),
    ...(regionOutage && { regionOutages: regionOutage.map(parseRegionOutage) }),
    ...(threads !== undefined && {
      threads: wholeNumber('--threads', threads, { min: 1, max: 100_000, example: '20' }),
    }),
    ...(port !== undefined && { port: wholeNumber('--port', port, { min: 0, max: 65_535, example: '8787' }) }),
    ...(key !== undefined && { key: parseKey(key) }),
    ...(balance !== undefined && { balance: parseBalance(balance) }),
    ...(retryAfter !== undefined && { retryAfter: parseRetryAfter(retryAfter) }),
    ...(quirk && { quirks: quirk.map(parseQuirk) }),
    ...(withoutSolvePhp === true && { solvePhp: false }),
  };
}
