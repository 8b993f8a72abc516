import { Faults } from './faults.ts';
import { sandboxDefaults, type SandboxOptions, type SandboxSettings } from './options.ts';
import type { Quirk } from './quirks.ts';
import { RateRules } from './rate-rules.ts';
import { Regions } from './regions.ts';
import { type SandboxStats, SandboxCounters } from './stats.ts';
import { TaskStore } from './task-store.ts';

/** The state of one running sandbox. */
export interface SandboxState {
  readonly settings: SandboxSettings;
  /** The only valid key; null accepts every key. It can change while the sandbox runs. */
  key: string | null;
  readonly quirks: ReadonlySet<Quirk>;
  readonly startedAtMs: number;
  readonly store: TaskStore;
  readonly faults: Faults;
  /** Null if the block rules are off. */
  readonly abuse: RateRules | null;
  readonly regions: Regions;
  readonly counters: SandboxCounters;
  /** The addresses that `add_pingback` registered. Pingbacks go to other addresses, too. */
  readonly pingbackAddresses: Set<string>;
  /** Aborts when the sandbox closes. */
  readonly closing: AbortSignal;
}

/** Above 31 bits, as in production, and random per sandbox: ids of an earlier sandbox are unknown here. */
const ids = { min: 3_000_000_000, spread: 1_000_000_000 };

/** The initial state. Throws `UsageError` for an invalid fault mode. */
export function createState(options: SandboxOptions, closing: AbortSignal): SandboxState {
  const settings = { ...sandboxDefaults, ...options };
  const { clock, resultKeptMs, random } = settings;
  const quirks = new Set(settings.quirks);
  const startedAtMs = clock.nowMs();
  return {
    settings,
    key: settings.key,
    quirks,
    startedAtMs,
    store: new TaskStore({ clock, resultKeptMs, firstId: ids.min + Math.floor(random() * ids.spread) }),
    faults: new Faults(settings),
    abuse: quirks.has('block-rules') ? new RateRules(clock) : null,
    regions: new Regions(settings, () => clock.nowMs() - startedAtMs),
    counters: new SandboxCounters(),
    pingbackAddresses: new Set(),
    closing,
  };
}

export function statsOf({ store, counters }: SandboxState): SandboxStats {
  return counters.snapshot(store.counts());
}
