import type { StormScenario } from './storm.ts';

/** What a person says about a simulation. */
export interface ScenarioRequest {
  /** How many solve one task after the other. */
  readonly clients: number;
  /** What they submit together while all is well. */
  readonly ratePerSecond: number;
  readonly outage: { readonly fromMs: number; readonly toMs: number };
  readonly durationMs: number;
  readonly seed: number;
}

/**
 * What the service can take, as a multiple of what is usual, and where it collapses, as a multiple of that. Where next to
 * nothing is usual a single submission would be too much.
 */
const room = { usual: 1.5, collapseRatio: 2, minPerSecond: 1 };
/** Of the time that a task takes from one submission to the next. */
const solveShare = [2 / 3, 7 / 6] as const;
const pollShare = { first: 2 / 3, interval: 1 / 6 };

/** The shortest time between two tasks of a client, in ms; less is no solving. */
export const minTaskMs = 1_000;

/** How long a task takes where so many clients submit so often, in ms. */
export function taskMs({ clients, ratePerSecond }: Pick<ScenarioRequest, 'clients' | 'ratePerSecond'>): number {
  return (1_000 * clients) / ratePerSecond;
}

/** The clients and the service that are meant. */
export function scenarioOf(request: ScenarioRequest): StormScenario {
  const { clients, ratePerSecond, outage, durationMs, seed } = request;
  const lengthMs = taskMs(request);
  const [shortest, longest] = solveShare;
  return {
    clients,
    durationMs,
    seed,
    pauseMs: 1_000,
    service: {
      outage,
      roundTripMs: [100, 250],
      solveMs: [shortest * lengthMs, longest * lengthMs],
      capacity: {
        perSecond: Math.max(room.minPerSecond, room.usual * ratePerSecond),
        collapseRatio: room.collapseRatio,
      },
    },
    timing: {
      firstWaitMs: pollShare.first * lengthMs,
      intervalMs: pollShare.interval * lengthMs,
      coldStartMs: [],
      lifetimeMs: null,
    },
  };
}
