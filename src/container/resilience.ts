import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { hostNowMs } from '../adapters/state/host-clock.ts';
import { HostLog } from '../adapters/state/host-log.ts';
import { logFolderOf } from '../adapters/state/log-folder.ts';
import { systemClock as clock, systemRandom as random } from '../adapters/system/system-clock.ts';
import { resilienceOptions } from '../cli/resilience-options.ts';
import type { Config } from '../config/schema.ts';
import { stateFolderOf } from '../config/state-folder.ts';
import { type BudgetFacts, budgetFactsOf } from '../core/resilience/budget-facts.ts';
import { ProcessBreaker } from '../core/resilience/circuit-breaker.ts';
import { FleetResilience } from '../core/resilience/fleet-resilience.ts';
import { FleetSubmissionGate } from '../core/resilience/fleet-submissions.ts';
import { HostResilience } from '../core/resilience/host-resilience.ts';
import { HostSubmissions, ProcessSubmissions, type SubmissionOptions } from '../core/resilience/host-submissions.ts';
import { fleetShareOf } from '../core/resilience/remote-lease.ts';
import type { StateReply, StateCommand, ResilienceOptions } from '../core/resilience/resilience-state.ts';
import { ProcessRetryBudget } from '../core/resilience/retry-budget.ts';
import { maskSecrets } from '../domain/mask-secrets.ts';
import type { Breaker, FleetBucket, LogWriter, RetryAfterGate, RetryBudget, ThreadTurns } from '../ports/state.ts';
import type { FleetSubmissions, Hold, SubmissionGate, SubmissionLimit } from '../ports/submissions.ts';
import type { Awaitable } from '../ports/system.ts';

/** Stands for an API key without revealing it. */
export function accountIdOf(key: string): string {
  return createHash('sha256').update(`captcha account ${key}`).digest('hex').slice(0, 16);
}

/** What keeps retries from becoming a storm. */
export interface Resilience {
  readonly budget: RetryBudget;
  readonly breaker: Breaker;
  /** Left out where every solver keeps its own. */
  readonly retryAfterGate?: RetryAfterGate;
  /** Left out where every process waits for a free thread by itself. */
  readonly threadTurns?: ThreadTurns;
  /** Left out where nothing is shared and limited. */
  readonly submissions?: SubmissionGate;
  /** What a metric says of them; null if not known yet. */
  facts(): BudgetFacts | null;
  close(): Awaitable<void>;
}

export interface ResilienceDeps {
  readonly accountId: string;
  readonly env: NodeJS.ProcessEnv;
  /** Left out by commands that submit nothing. */
  readonly writer?: LogWriter;
  readonly warn: (message: string) => void;
}

/**
 * The limits of submissions, the lower one of two for the same label and window. They name their file, in a fleet with its
 * host. Those of a found file are marked, so that they concern only processes that use such a file.
 */
export function limitsOf(config: Config): readonly SubmissionLimit[] {
  const { limits } = config;
  const all = [
    ...limits.submissions.map((limit) => ({ label: null, ...limit })),
    ...Object.entries(limits.labels).flatMap(([label, own]) => own.map((limit) => ({ label, ...limit }))),
  ];
  const lowest = new Map<string, SubmissionLimit>();
  for (const limit of all.toSorted((a, b) => b.count - a.count)) {
    lowest.set(`${limit.windowMs} ${limit.label ?? ''}`, limit);
  }
  const { source } = limits;
  if (source === undefined) return [...lowest.values()];
  const from = fleetUrlOf(config) === null ? source.file : `${source.file} on ${hostname()}`;
  const digest = createHash('sha256')
    .update(JSON.stringify([...lowest].sort()))
    .digest('hex')
    .slice(0, 8);
  return [...lowest.values()].map((limit) => ({ ...limit, from, ...(source.isFound && { found: digest }) }));
}

/** The Redis that holds the budget of a fleet; null where there is none. */
export function fleetUrlOf({ budget }: Config): string | null {
  return budget.scope === 'process' || budget.scope === 'host' ? null : budget.scope;
}

/** The settings of what the processes of this host share: of a fleet's budget, the share that is left to one host. */
export function hostOptions(config: Config): ResilienceOptions {
  const options = resilienceOptions(config);
  if (fleetUrlOf(config) === null) return options;
  return { ...options, budget: fleetShareOf(options.budget, config.budget.fleetShare) };
}

/** Where the processes of this user share what they know about an API and account; each fleet has a place of its own. */
export function hostLogFolder(config: Config, { accountId, env }: Pick<ResilienceDeps, 'accountId' | 'env'>): string {
  const { baseUrl } = config.api;
  const fleet = fleetUrlOf(config);
  // Without the password, so that changing it keeps the same log.
  const place = fleet === null ? baseUrl : `${baseUrl} ${maskSecrets(fleet)}`;
  return logFolderOf({ stateFolder: stateFolderOf(env).path, baseUrl: place, accountId });
}

/** The budget of a fleet. It is connected when it is first asked. */
export async function openFleetBucket(url: string, config: Config, accountId: string): Promise<FleetBucket> {
  const { RedisBucket } = await import('../adapters/redis/budget-bucket.ts');
  return new RedisBucket({ url, baseUrl: config.api.baseUrl, accountId }, { clock });
}

/** The hold and the limits of a fleet. They are connected when they are first asked. */
export async function openFleetSubmissions(url: string, config: Config, accountId: string): Promise<FleetSubmissions> {
  const { RedisSubmissions } = await import('../adapters/redis/redis-submissions.ts');
  return new RedisSubmissions({ url, baseUrl: config.api.baseUrl, accountId }, { clock });
}

function createProcessResilience(options: ResilienceOptions, submissions: SubmissionOptions): Resilience {
  const budget = new ProcessRetryBudget(options.budget, { clock });
  const breaker = new ProcessBreaker(options.breaker, { clock, random });
  const gate = new ProcessSubmissions(submissions, { nowMs: hostNowMs });
  const facts = (): BudgetFacts => {
    const { granted, refused } = budget.usage();
    const refusals = { budgetRefused: refused, breakerRefused: breaker.refusedCount };
    const counts = { accepted: budget.acceptedCount, granted, ...refusals };
    // Every solver keeps the wait for itself.
    const state = { options, counts, budget: budget.state, breaker: breaker.state, quietUntilMs: 0 };
    return budgetFactsOf(state, { nowMs: clock.nowMs(), scope: 'process', rules: gate.known() });
  };
  const limited = submissions.limits.length > 0;
  return {
    ...{ budget, breaker, facts, close: () => undefined },
    ...(limited && { submissions: gate }),
  };
}

/** The retry budget and the breaker that a configuration asks for. A log is opened when it is first needed. */
export function createResilience(config: Config, parts: ResilienceDeps): Resilience {
  const options = resilienceOptions(config);
  const { accountId, writer } = parts;
  const ofSubmissions = { limits: limitsOf(config), label: writer?.label ?? null };
  if (config.budget.scope === 'process') return createProcessResilience(options, ofSubmissions);
  const shared = { nowMs: hostNowMs, clock, random, warn: parts.warn };
  const place = { folder: hostLogFolder(config, parts), ...(writer && { writer }) };
  const host = new HostResilience(hostOptions(config), {
    openLog: (state) => new HostLog<StateCommand, StateReply>(place, state),
    ...shared,
  });
  const url = fleetUrlOf(config);
  if (url === null) {
    const { budget, breaker, retryAfterGate, threadTurns } = host;
    const submissions = new HostSubmissions(ofSubmissions, { host, ...shared });
    const facts = (): BudgetFacts => host.facts({ scope: 'host', rules: submissions.known() });
    const ends = { facts, close: () => host.close() };
    return { budget, breaker, retryAfterGate, threadTurns, submissions, ...ends };
  }
  const openBucket = (): Promise<FleetBucket> => openFleetBucket(url, config, accountId);
  const open = (): Promise<FleetSubmissions> => openFleetSubmissions(url, config, accountId);
  const fleet = new FleetResilience(options.budget, { host, openBucket, ...shared });
  const hostHold = (): Hold | null => host.known.rules.holdOnlyHere(Math.max(host.known.latestMs, hostNowMs()));
  const submissions = new FleetSubmissionGate(ofSubmissions, { open, hostHold, newTicket: randomUUID, ...shared });
  const { budget, breaker, retryAfterGate, threadTurns } = fleet;
  const close = async (): Promise<void> => {
    await Promise.all([submissions.close(), fleet.close()]);
  };
  return {
    budget,
    breaker,
    retryAfterGate,
    threadTurns,
    submissions,
    facts: () => fleet.facts(submissions.known()),
    close,
  };
}
