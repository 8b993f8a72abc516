import { rmSync } from 'node:fs';
import { hostNowMs } from './adapters/host/host-clock.ts';
import { HostLog } from './adapters/host/host-log.ts';
import { readHistory, readPresent } from './adapters/host/read-history.ts';
import type { BudgetEvent, SharedState } from './cli/budget/shared-state.ts';
import type { Config } from './config/schema.ts';
import { type ProtectionAnswer, type ProtectionEntry, ProtectionState } from './core/health/protection-state.ts';
import { LogLost } from './domain/log-lost.ts';
import { hostLogFolder, type ProtectionParts, protectionOptions } from './protection-fuses.ts';

type Log = HostLog<ProtectionEntry, ProtectionAnswer>;

function* historyOf(folder: string, state: ProtectionState): Generator<BudgetEvent> {
  const wallMs = Date.now() - hostNowMs();
  for (const { logged, answer } of readHistory<ProtectionEntry, ProtectionAnswer>(folder, state)) {
    const { entry, atMs, by } = logged;
    const pid = by.split('.')[0] ?? '';
    yield { at: wallMs + atMs, pid, entry, answer, balance: state.budget.balance(atMs) };
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

/** The log of the host as `captcha budget` looks at it. */
export function plugSharedState(config: Config, parts: Pick<ProtectionParts, 'accountId' | 'env'>): SharedState {
  const options = protectionOptions(config);
  const folder = hostLogFolder(config, parts);
  const fresh = (): ProtectionState => new ProtectionState(options, hostNowMs());
  return {
    place: folder,
    look: () => {
      const state = fresh();
      readPresent(folder, state);
      return { state, nowMs: Math.max(state.latestMs, hostNowMs()) };
    },
    history: () => historyOf(folder, fresh()),
    reset: () => {
      const log = openOrReplace(folder, fresh);
      log.append([{ type: 'reset', options }]);
      log.close();
    },
  };
}
