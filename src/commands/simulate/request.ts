import type { Command } from 'commander';
import { optionWithChoices } from '../../cli/choices.ts';
import { repeatable } from '../../cli/flags.ts';
import type { ComparedStrategy } from '../../core/resilience/backoff.ts';
import { comparedStrategies } from '../../core/simulation/compare-strategies.ts';
import { clientsFor, rateFor, type ScenarioRequest, minTaskMs, taskMs } from '../../core/simulation/scenario.ts';
import { parseDuration } from '../../domain/duration.ts';
import { UsageError } from '../../domain/errors.ts';
import type { SpanMs } from '../../ports/simulation.ts';

export interface SimulateFlags {
  readonly clients?: string;
  readonly rate?: string;
  readonly solveTime?: string;
  readonly outage?: string;
  readonly duration?: string;
  readonly strategy?: readonly string[];
  readonly budget?: string;
  readonly breaker?: string;
  readonly seed?: string;
  readonly html?: string;
  readonly advise?: true;
}

/** Declares the flags of `captcha simulate`. */
export function declareSimulateFlags(command: Command): Command {
  return command
    .option('--clients <n>', 'number of concurrent clients (default: 50)')
    .option('--rate <n/s>', 'total submission rate before the outage (default: one task per client every 15 s)')
    .option('--solve-time <from-to>', 'how long the service works on a task (default: follows --clients and --rate)')
    .option(
      '--outage <from-to>',
      'when submissions fail, as times since the start; a single duration starts at 60s (default: 30s)',
    )
    .option('--duration <duration>', 'length of the simulation (default: until 210s after the outage)')
    .addOption(
      optionWithChoices(
        '--strategy <name>',
        `strategy to compare: ${comparedStrategies.join(', ')} (repeatable)`,
        comparedStrategies,
      ).argParser(repeatable),
    )
    .option('--budget <n/s>', 'fixed retry budget instead of the configured one, or none')
    .addOption(
      optionWithChoices('--breaker <on|off>', 'simulate only with or only without the breaker (default: both)', [
        'on',
        'off',
      ]),
    )
    .option('--seed <n>', 'random seed; the same seed gives the same report (default: 1)')
    .option('--html <file>', 'write an HTML report with all charts to this file')
    .option('--advise', 'recommend budget settings for --rate and --outage, and simulate them');
}

const defaults = { clients: 50, taskSeconds: 15, outage: '30s', seed: 1 };
const outageFromMs = 60_000;
const afterOutageMs = 210_000;
/** More clients than a machine of today has memory for. */
const maxClients = 1_000_000;
const maxMs = 86_400_000;

function wholeNumber(flag: string, text: string, [min, max]: readonly [number, number]): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`${flag} ${text}: not a number from ${min} to ${max}`, `for example ${flag} ${min + 99}`);
}

function lengthMs(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0 && ms <= maxMs) return ms;
  const hint = /^\d+$/.test(text) ? `did you mean ${text}s?` : 'write 250ms, 5s, 2m or 1h';
  throw new UsageError(`${flag} ${text}: not a duration`, hint);
}

/** `5/s` as a number; null where the text is not a rate above 0. */
function perSecond(flag: string, text: string): number {
  const rate = Number(/^(\d+(?:\.\d+)?)\/s$/.exec(text)?.[1] ?? 0);
  if (rate > 0) return rate;
  throw new UsageError(`${flag} ${text}: not a rate`, `write for example ${flag} 5/s`);
}

function outageOf(text: string): ScenarioRequest['outage'] {
  const [from = '', to] = text.split('-');
  if (to === undefined) return { fromMs: outageFromMs, toMs: outageFromMs + lengthMs('--outage', from) };
  const [fromMs, toMs] = [from === '0s' ? 0 : lengthMs('--outage', from), lengthMs('--outage', to)];
  if (fromMs < toMs) return { fromMs, toMs };
  throw new UsageError(`--outage ${text}: it ends before it begins`, 'write FROM-TO, for example 60s-90s');
}

/** `4s-8s`, or a single duration for solve times of half to one and a half of it. */
function solveTimeOf(text: string): SpanMs {
  const [from = '', to] = text.split('-');
  const fromMs = lengthMs('--solve-time', from);
  if (to === undefined) return [0.5 * fromMs, 1.5 * fromMs];
  const toMs = lengthMs('--solve-time', to);
  if (fromMs <= toMs) return [fromMs, toMs];
  throw new UsageError(`--solve-time ${text}: it ends before it begins`, 'write FROM-TO, for example 4s-8s');
}

type Load = Pick<ScenarioRequest, 'clients' | 'ratePerSecond' | 'solveMs'>;

/** Two of clients, rate and solve time give the third. */
function loadOfSolveTime(solveMs: SpanMs, { clients, rate }: SimulateFlags): Load {
  if (rate === undefined) {
    const count = clients === undefined ? defaults.clients : wholeNumber('--clients', clients, [1, maxClients]);
    return { clients: count, ratePerSecond: rateFor(count, solveMs), solveMs };
  }
  if (clients !== undefined) {
    throw new UsageError(
      '--clients, --rate and --solve-time cannot all be set',
      'omit one: it follows from the others',
    );
  }
  const ratePerSecond = perSecond('--rate', rate);
  return { clients: clientsFor(ratePerSecond, solveMs), ratePerSecond, solveMs };
}

function loadOf(flags: SimulateFlags): Load {
  if (flags.solveTime !== undefined) return loadOfSolveTime(solveTimeOf(flags.solveTime), flags);
  const clients =
    flags.clients === undefined ? defaults.clients : wholeNumber('--clients', flags.clients, [1, maxClients]);
  const ratePerSecond = flags.rate === undefined ? clients / defaults.taskSeconds : perSecond('--rate', flags.rate);
  if (taskMs({ clients, ratePerSecond }) < minTaskMs) {
    const hint = `a task takes at least one second: use --clients ${Math.ceil(ratePerSecond * defaults.taskSeconds)}`;
    throw new UsageError(`--rate ${flags.rate ?? ''}: too high for ${clients} clients`, hint);
  }
  return { clients, ratePerSecond };
}

/** The simulation that the flags describe. Throws `UsageError`. */
export function readScenario(flags: SimulateFlags): ScenarioRequest {
  const load = loadOf(flags);
  const outage = outageOf(flags.outage ?? defaults.outage);
  const durationMs =
    flags.duration === undefined ? outage.toMs + afterOutageMs : lengthMs('--duration', flags.duration);
  if (durationMs <= outage.toMs) {
    throw new UsageError('--duration ends before the outage', 'omit it, or set a longer duration');
  }
  const seed =
    flags.seed === undefined ? defaults.seed : wholeNumber('--seed', flags.seed, [0, Number.MAX_SAFE_INTEGER]);
  return { ...load, outage, durationMs, seed };
}

function strategyOf(name: string): ComparedStrategy {
  const known = comparedStrategies.find((strategy) => strategy === name);
  if (known !== undefined) return known;
  throw new UsageError(`--strategy ${name}: unknown strategy`, `known strategies: ${comparedStrategies.join(', ')}`);
}

/** The strategies that are compared: those that were named, or those that a configuration may ask for. */
export function readStrategies({ strategy: names = [] }: SimulateFlags): readonly ComparedStrategy[] {
  if (names.length > 0) return [...new Set(names.map(strategyOf))];
  return comparedStrategies.filter((name) => name !== 'equal-jitter' && name !== 'aws-decorrelated');
}

/** Whether runs with and without the breaker are wanted. */
export function readBreaker({ breaker }: SimulateFlags): readonly boolean[] {
  if (breaker === undefined) return [false, true];
  if (breaker === 'on' || breaker === 'off') return [breaker === 'on'];
  throw new UsageError(`--breaker ${breaker}: must be on or off`, 'omit it to compare both');
}
