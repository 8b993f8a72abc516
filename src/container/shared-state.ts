import { existsSync, rmSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { hostNowMs } from '../adapters/state/host-clock.ts';
import { HostLog } from '../adapters/state/host-log.ts';
import { checkAccess, prepareFolder } from '../adapters/state/log-folder.ts';
import { readHistory, readPresent } from '../adapters/state/read-history.ts';
import { resilienceOptions } from '../cli/resilience-options.ts';
import type { BudgetEvent, FleetStateView, SharedState, Told } from '../cli/shared-state.ts';
import type { Config } from '../config/schema.ts';
import { type StateReply, type StateCommand, ResilienceState } from '../core/resilience/resilience-state.ts';
import type { RulesEntry } from '../core/resilience/submission-rules.ts';
import { RemoteUnavailableError, StateLogError } from '../domain/errors.ts';
import { maskSecrets } from '../domain/mask-secrets.ts';
import type { FleetBucket, FleetBudgetOptions } from '../ports/state.ts';
import type { FleetSubmissions, Hold, SubmissionLimit } from '../ports/submissions.ts';
import {
  fleetUrlOf,
  hostLogFolder,
  hostOptions,
  limitsOf,
  openFleetBucket,
  openFleetSubmissions,
  type ResilienceDeps,
} from './resilience.ts';

type Log = HostLog<StateCommand, StateReply>;

function* historyOf(folder: string, state: ResilienceState): Generator<BudgetEvent> {
  const wallMs = Date.now() - hostNowMs();
  for (const { logged, answer } of readHistory<StateCommand, StateReply>(folder, state)) {
    const { entry, atMs, by, writer } = logged;
    const pid = by.split('.')[0] ?? '';
    const isFleet = entry.type.startsWith('fleet') || entry.type === 'spend';
    const balance = isFleet ? state.fleet.balance : state.budget.balance(atMs);
    yield { at: wallMs + atMs, pid, ...(writer && { writer }), entry, answer, balance };
  }
}

/** Why no log can be kept in a folder, checked without creating it; null if one can. */
function whyAlone(folder: string): string | null {
  try {
    checkAccess(folder);
    // Where there is no folder it would be made, except on Windows.
    if (existsSync(folder) || process.platform === 'win32') prepareFolder(folder);
    return null;
  } catch (error) {
    if (error instanceof StateLogError) return error.message;
    return `${folder}: ${(error as NodeJS.ErrnoException).message}`;
  }
}

function openOrReplace(folder: string, fresh: () => ResilienceState): Log {
  const place = { folder, writer: { command: 'budget' } };
  try {
    return new HostLog(place, fresh());
  } catch (error) {
    if (!(error instanceof StateLogError)) throw error;
    rmSync(folder, { recursive: true, force: true });
    return new HostLog(place, fresh());
  }
}

function resetHost(folder: string, fresh: () => ResilienceState, limits: readonly SubmissionLimit[]): void {
  const log = openOrReplace(folder, fresh);
  log.append([{ type: 'reset', options: { ...fresh().options, limits } }]);
  log.close();
}

/** Appends one entry of a person, unless it ends a hold that there is not. Returns the hold before it. */
function append(
  folder: string,
  state: ResilienceState,
  entry: StateCommand & RulesEntry,
  isHeldElsewhere = false,
): Hold | null {
  const log: Log = new HostLog({ folder, writer: { command: entry.type } }, state);
  const before = state.rules.holdAt(Math.max(state.latestMs, hostNowMs()));
  if (entry.type !== 'release' || before !== null || isHeldElsewhere) log.append([entry]);
  log.close();
  return before;
}

/** The person at this machine, as messages about a hold name it. */
function thisPerson(): string {
  try {
    return `${userInfo().username} on ${hostname()}`;
  } catch {
    // A container may run as a user without a name.
    return `user ${process.getuid?.() ?? 'unknown'} on ${hostname()}`;
  }
}

async function readFleetState({ bucket, submissions }: Fleet, options: FleetBudgetOptions): Promise<FleetStateView> {
  try {
    return { facts: await bucket.look(options), rules: await submissions.look() };
  } catch (error) {
    if (!(error instanceof RemoteUnavailableError)) throw error;
    return { unavailable: error.message };
  }
}

/** Tells a fleet, if there is one. `heard`: its answer; undefined if it has none. */
async function tell<T>(
  fleet: Promise<Fleet> | null,
  say: (to: FleetSubmissions) => Promise<T>,
): Promise<Told & { readonly heard?: T }> {
  try {
    const shared = await fleet;
    return { untold: null, ...(shared !== null && { heard: await say(shared.submissions) }) };
  } catch (error) {
    if (!(error instanceof RemoteUnavailableError)) throw error;
    return { untold: error.message };
  }
}

/** What the hosts of a fleet share. */
interface Fleet {
  readonly bucket: FleetBucket;
  readonly submissions: FleetSubmissions;
}

async function openFleet(url: string, config: Config, accountId: string): Promise<Fleet> {
  const bucket = await openFleetBucket(url, config, accountId);
  return { bucket, submissions: await openFleetSubmissions(url, config, accountId) };
}

/** The log of the host, and the budget of its fleet, as `captcha budget` looks at them. */
export function createSharedState(
  config: Config,
  parts: Pick<ResilienceDeps, 'accountId' | 'env'>,
): SharedState & { close(): Promise<void> } {
  const folder = hostLogFolder(config, parts);
  const alone = whyAlone(folder);
  const fresh = (): ResilienceState => new ResilienceState(hostOptions(config), hostNowMs());
  const options = resilienceOptions(config).budget;
  const url = fleetUrlOf(config);
  let opened: Promise<Fleet> | null = null;
  const fleet = (): Promise<Fleet> | null => (opened ??= url === null ? null : openFleet(url, config, parts.accountId));
  return {
    service: config.api.baseUrl,
    account: parts.accountId,
    place: folder,
    ...(url !== null && { fleetPlace: maskSecrets(url) }),
    ...(alone !== null && { alone }),
    look: async () => {
      const state = fresh();
      if (alone === null) readPresent(folder, state);
      const shared = await fleet();
      const fleetView = shared && (await readFleetState(shared, options));
      return { state, nowMs: Math.max(state.latestMs, hostNowMs()), ...(fleetView && { fleet: fleetView }) };
    },
    history: () => historyOf(folder, fresh()),
    reset: async () => {
      if (alone === null) resetHost(folder, fresh, limitsOf(config));
      const shared = await fleet();
      await shared?.bucket.reset(options);
      await shared?.submissions.replaceLimits(limitsOf(config));
    },
    hold: async (asked) => {
      const hold = { by: thisPerson(), ...asked };
      const { untold } = await tell(fleet(), (shared) => shared.hold(hold));
      if (untold !== null && alone !== null) throw new RemoteUnavailableError(untold);
      const onlyHere = untold === null ? {} : { onlyHere: true as const };
      if (alone === null) append(folder, fresh(), { type: 'hold', since: 2, ...hold, ...onlyHere });
      return { untold };
    },
    release: async () => {
      const { untold, heard = false } = await tell(fleet(), (shared) => shared.release());
      const entry = { type: 'release', since: 2, by: thisPerson() } as const;
      const before = alone === null ? append(folder, fresh(), entry, heard) : null;
      return { untold, wasHeld: heard || (url === null ? before !== null : before?.onlyHere === true) };
    },
    close: async () => {
      const shared = await opened;
      shared?.bucket.close();
      shared?.submissions.close();
    },
  };
}
