import { addCounts, renderHistogram } from './histogram.ts';
import { simulate } from './simulate.ts';

export interface ManyPlayed {
  /** One text per seed that violated an invariant, with the command to repeat it. */
  readonly broken: readonly string[];
  /** Number of occurrences per event. */
  readonly counts: ReadonlyMap<string, number>;
  readonly histogram: string;
}

/** More failures than these give no new information. */
const toldBreaches = 5;
const toldSeeds = 10;

function report(seed: number, broken: readonly string[]): string {
  const replay = `replay: SIMULATION_SEED=${seed} npx vitest run test/simulation`;
  return [`seed ${seed}`, ...broken.slice(0, toldBreaches), replay].join('\n  ');
}

/** Runs the seeds `from` to `to`, one by one, until too many have violated an invariant. */
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
