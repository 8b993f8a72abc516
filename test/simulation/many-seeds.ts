import { addCounts, renderHistogram } from './histogram.ts';
import { simulate } from './simulate.ts';

export interface ManyPlayed {
  /** One text per seed that broke an invariant, with the command that plays it again. */
  readonly broken: readonly string[];
  /** How often what happened. */
  readonly counts: ReadonlyMap<string, number>;
  readonly histogram: string;
}

/** More than these tell nothing new. */
const toldBreaches = 5;
const toldSeeds = 10;

function report(seed: number, broken: readonly string[]): string {
  const replay = `replay: SIMULATION_SEED=${seed} npx vitest run test/simulation`;
  return [`seed ${seed}`, ...broken.slice(0, toldBreaches), replay].join('\n  ');
}

/** Plays the seeds `from` to `to`, one after the other, until too many have broken an invariant. */
export async function playSeeds(from: number, to: number): Promise<ManyPlayed> {
  const broken: string[] = [];
  const counts = new Map<string, number>();
  for (let seed = from; seed <= to && broken.length < toldSeeds; seed += 1) {
    const verdict = await simulate(seed);
    if (verdict.broken.length > 0) broken.push(report(seed, verdict.broken));
    addCounts(counts, verdict.counts);
  }
  return { broken, counts, histogram: renderHistogram(counts) };
}
