import { existsSync, rmSync } from 'node:fs';
import { hostNowMs } from '../adapters/state/host-clock.ts';
import { HostLog } from '../adapters/state/host-log.ts';
import { checkAccess, prepareFolder } from '../adapters/state/log-folder.ts';
import { readHistory, readPresent } from '../adapters/state/read-history.ts';
import type { BudgetEvent, FleetStanding, SharedState } from '../cli/shared-state.ts';
import type { Config } from '../config/schema.ts';
import { type ProtectionAnswer, type ProtectionEntry, ProtectionState } from '../core/resilience/resilience-state.ts';
import { FleetAway, LogLost } from '../domain/errors.ts';
import { maskSecrets } from '../domain/mask-secrets.ts';
import type { FleetBucket, FleetBudgetOptions } from '../ports/state.ts';
import {
  fleetUrlOf,
  hostLogFolder,
  hostOptions,
  openFleetBucket,
  protectionOptions,
  type ProtectionParts,
} from './resilience.ts';

type Log = HostLog<ProtectionEntry, ProtectionAnswer>;

function* historyOf(folder: string, state: ProtectionState): Generator<BudgetEvent> {
  const wallMs = Date.now() - hostNowMs();
  for (const { logged, answer } of readHistory<ProtectionEntry, ProtectionAnswer>(folder, state)) {
    const { entry, atMs, by } = logged;
    const pid = by.split('.')[0] ?? '';
    const isFleet = entry.type.startsWith('fleet') || entry.type === 'spend';
    const balance = isFleet ? state.fleet.balance : state.budget.balance(atMs);
    yield { at: wallMs + atMs, pid, entry, answer, balance };
  }
}

/** Why no log can be kept in a folder, found out without making it; null where one can. */
function whyAlone(folder: string): string | null {
  try {
    checkAccess(folder);
    // Where there is no folder it would be made, except on Windows.
    if (existsSync(folder) || process.platform === 'win32') prepareFolder(folder);
    return null;
  } catch (error) {
    if (error instanceof LogLost) return error.message;
    return `${folder}: ${(error as NodeJS.ErrnoException).message}`;
  }
}

function openOrReplace(folder: string, fresh: () => ProtectionState): Log {
  try {
    return new HostLog({ folder }, fresh());
  } catch (error) {
    if (!(error instanceof LogLost)) throw error;
    rmSync(folder, { recursive: true, force: true });
    return new HostLog({ folder }, fresh());
  }
}

function resetHost(folder: string, fresh: () => ProtectionState): void {
  const log = openOrReplace(folder, fresh);
  log.append([{ type: 'reset', options: fresh().options }]);
  log.close();
}

async function standingOf(bucket: FleetBucket, options: FleetBudgetOptions): Promise<FleetStanding> {
  try {
    return { facts: await bucket.look(options) };
  } catch (error) {
    if (!(error instanceof FleetAway)) throw error;
    return { away: error.message };
  }
}

/** The log of the host, and the budget of its fleet, as `captcha budget` looks at them. */
export function plugSharedState(
  config: Config,
  parts: Pick<ProtectionParts, 'accountId' | 'env'>,
): SharedState & { close(): Promise<void> } {
  const folder = hostLogFolder(config, parts);
  const alone = whyAlone(folder);
  const fresh = (): ProtectionState => new ProtectionState(hostOptions(config), hostNowMs());
  const options = protectionOptions(config).budget;
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
      const standing = opened && (await standingOf(opened, options));
      return { state, nowMs: Math.max(state.latestMs, hostNowMs()), ...(standing && { fleet: standing }) };
    },
    history: () => historyOf(folder, fresh()),
    reset: async () => {
      if (alone === null) resetHost(folder, fresh);
      await (await fleet())?.reset(options);
    },
    close: async () => (await bucket)?.close(),
  };
}
