import type { StormScenario } from './storm.ts';

/** The user's parameters of a simulation. */
export interface ScenarioRequest {
  /** Number of clients; each solves one task after another. */
  readonly clients: number;
  /** Total submission rate before the outage. */
  readonly ratePerSecond: number;
  readonly outage: { readonly fromMs: number; readonly toMs: number };
  readonly durationMs: number;
  readonly seed: number;
}

/**
 * The service's capacity as a multiple of the normal rate, and its collapse point as a multiple of the capacity.
 * `minPerSecond` keeps the capacity above a single submission when the normal rate is very low.
 */
const room = { usual: 1.5, collapseRatio: 2, minPerSecond: 1 };
/** Solve time as a share of the time between two submissions of a client. */
const solveShare = [2 / 3, 7 / 6] as const;
const pollShare = { first: 2 / 3, interval: 1 / 6 };

/** Minimum time between two tasks of a client, in ms; solving takes longer than less. */
export const minTaskMs = 1_000;

/** Time per task in ms, for this number of clients and submission rate. */
export function taskMs({ clients, ratePerSecond }: Pick<ScenarioRequest, 'clients' | 'ratePerSecond'>): number {
  return (1_000 * clients) / ratePerSecond;
}

/** The clients and the service of the scenario. */
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
