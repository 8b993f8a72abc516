import type { SpanMs } from '../../ports/simulation.ts';
import type { DeliveryRequest } from './delivery.ts';
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
  /** How long the service works on a task; left out: in proportion to the time per task. */
  readonly solveMs?: SpanMs;
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

const [shortest, longest] = solveShare;
const roundTripMs: SpanMs = [100, 250];

function solveMsOf(request: ScenarioRequest): SpanMs {
  const lengthMs = taskMs(request);
  return request.solveMs ?? [shortest * lengthMs, longest * lengthMs];
}

/** The submission rate of clients whose tasks take this long to solve, per second. */
export function rateFor(clients: number, [from, to]: SpanMs): number {
  return (1_000 * clients) / Math.max(minTaskMs, (from + to) / (shortest + longest));
}

/** The number of clients that submit at this rate. */
export function clientsFor(ratePerSecond: number, solveMs: SpanMs): number {
  return Math.max(1, Math.ceil(ratePerSecond / rateFor(1, solveMs)));
}

/** More threads change no figure. */
const maxThreads = 500;
/** Tasks of a batch: enough for a p95, and several per thread. */
const batch = { least: 400, perThread: 10 };

/** The same tasks as a batch without an outage, with as many threads as there are clients. */
export function deliveryOf(request: ScenarioRequest): DeliveryRequest {
  const threads = Math.min(maxThreads, request.clients);
  const tasks = Math.max(batch.least, batch.perThread * threads);
  return { threads, tasks, solveMs: solveMsOf(request), roundTripMs, seed: request.seed };
}

/** The clients and the service of the scenario. */
export function scenarioOf(request: ScenarioRequest): StormScenario {
  const { clients, ratePerSecond, outage, durationMs, seed } = request;
  const lengthMs = taskMs(request);
  return {
    clients,
    durationMs,
    seed,
    pauseMs: 1_000,
    service: {
      outage,
      roundTripMs,
      solveMs: solveMsOf(request),
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
