import type { Region, RegionHealth } from '../../domain/region.ts';
import type { SeenStatus, StatusHistory } from '../../ports/state.ts';
import type { Clock } from '../../ports/system.ts';

/** After this time without a look nothing is known of what happened in between, in ms. */
const forgottenAfterMs = 24 * 3_600_000;
/** An unchanged status is recorded again at most this often, in ms. */
const recordEveryMs = 60_000;

/**
 * Since when regions have their status, over several commands: a status that an earlier look has seen, too, began then and
 * not with this look.
 */
export class StatusRecord {
  readonly #history: StatusHistory;
  readonly #endpoints: ReadonlyMap<string, string | null>;
  readonly #clock: Clock;
  readonly #seen: Map<string, SeenStatus>;
  #writtenAt = -Infinity;

  constructor(history: StatusHistory, regions: readonly Region[], { clock }: { clock: Clock }) {
    this.#history = history;
    this.#endpoints = new Map(regions.map(({ name, health }) => [name, health]));
    this.#clock = clock;
    this.#seen = new Map(history.read(regions.flatMap(({ health }) => health ?? [])));
  }

  /** Records a look. Returns the health with `since` from the history. */
  apply(regions: readonly RegionHealth[]): readonly RegionHealth[] {
    const seenAt = this.#clock.timestamp();
    let isNews = seenAt - this.#writtenAt >= recordEveryMs;
    const dated = regions.map((health) => {
      const endpoint = this.#endpoints.get(health.region) ?? null;
      if (endpoint === null || health.status === 'unknown') return health;
      const earlier = this.#seen.get(endpoint);
      const isSame = earlier?.status === health.status && seenAt - earlier.seenAt < forgottenAfterMs;
      const since = isSame ? Math.min(earlier.since, health.since) : health.since;
      isNews ||= !isSame;
      this.#seen.set(endpoint, { status: health.status, since, seenAt });
      return { ...health, since };
    });
    if (isNews) {
      this.#writtenAt = seenAt;
      this.#history.write(this.#seen);
    }
    return dated;
  }
}
