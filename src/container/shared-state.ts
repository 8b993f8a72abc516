import { existsSync, rmSync } from 'node:fs';
import { hostNowMs } from '../adapters/state/host-clock.ts';
import { HostLog } from '../adapters/state/host-log.ts';
import { checkAccess, prepareFolder } from '../adapters/state/log-folder.ts';
import { readHistory, readPresent } from '../adapters/state/read-history.ts';
import { resilienceOptions } from '../cli/resilience-options.ts';
import type { BudgetEvent, FleetStateView, SharedState } from '../cli/shared-state.ts';
import type { Config } from '../config/schema.ts';
import { type StateReply, type StateCommand, ResilienceState } from '../core/resilience/resilience-state.ts';
import { RemoteUnavailableError, StateLogError } from '../domain/errors.ts';
import { maskSecrets } from '../domain/mask-secrets.ts';
import type { FleetBucket, FleetBudgetOptions } from '../ports/state.ts';
import { fleetUrlOf, hostLogFolder, hostOptions, openFleetBucket, type ResilienceDeps } from './resilience.ts';

type Log = HostLog<StateCommand, StateReply>;

function* historyOf(folder: string, state: ResilienceState): Generator<BudgetEvent> {
  const wallMs = Date.now() - hostNowMs();
  for (const { logged, answer } of readHistory<StateCommand, StateReply>(folder, state)) {
    const { entry, atMs, by } = logged;
    const pid = by.split('.')[0] ?? '';
    const isFleet = entry.type.startsWith('fleet') || entry.type === 'spend';
    const balance = isFleet ? state.fleet.balance : state.budget.balance(atMs);
    yield { at: wallMs + atMs, pid, entry, answer, balance };
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
  try {
    return new HostLog({ folder }, fresh());
  } catch (error) {
    if (!(error instanceof StateLogError)) throw error;
    rmSync(folder, { recursive: true, force: true });
    return new HostLog({ folder }, fresh());
  }
}

function resetHost(folder: string, fresh: () => ResilienceState): void {
  const log = openOrReplace(folder, fresh);
  log.append([{ type: 'reset', options: fresh().options }]);
  log.close();
}

async function readFleetState(bucket: FleetBucket, options: FleetBudgetOptions): Promise<FleetStateView> {
  try {
    return { facts: await bucket.look(options) };
  } catch (error) {
    if (!(error instanceof RemoteUnavailableError)) throw error;
    return { unavailable: error.message };
  }
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
  let bucket: Promise<FleetBucket> | null = null;
  const fleet = (): Promise<FleetBucket> | null =>
    (bucket ??= url === null ? null : openFleetBucket(url, config, parts.accountId));
  return {
    place: folder,
    ...(url !== null && { fleetPlace: maskSecrets(url) }),
    ...(alone !== null && { alone }),
    look: async () => {
      const state = fresh();
      if (alone === null) readPresent(folder, state);
      const opened = await fleet();
      const fleetView = opened && (await readFleetState(opened, options));
      return { state, nowMs: Math.max(state.latestMs, hostNowMs()), ...(fleetView && { fleet: fleetView }) };
    },
    history: () => historyOf(folder, fresh()),
    reset: async () => {
      if (alone === null) resetHost(folder, fresh);
      await (await fleet())?.reset(options);
    },
    close: async () => (await bucket)?.close(),
  };
}
