import { type SimulationEnv } from '../../src/core/simulation/environment.ts';
import { publishedBudget, defaultBreaker, defaultBudget } from './policies.ts';
import { scenarioOf } from '../../src/core/simulation/scenario.ts';
import { figuresOf, runStorm, type StormFigures, type StormPolicy } from '../../src/core/simulation/storm.ts';
import { type Figure, figure, forSeeds, median, type PublishedTable } from './published-table.ts';

/** Fifty workers that submit 3.3 tasks per second, a service with a capacity of 5, and an outage of half a minute. */
const storm = {
  clients: 50,
  ratePerSecond: 10 / 3,
  outage: { fromMs: 60_000, toMs: 90_000 },
  durationMs: 300_000,
};

interface Row {
  readonly name: string;
  readonly policy: StormPolicy;
  readonly runs: number;
  /** Submissions during the outage in an earlier simulation of the same storm; null if not published. */
  readonly published: number | null;
}

type Solving = StormPolicy['solver'];

const backoff = { strategy: 'full-jitter', baseDelayMs: 1_000, maxDelayMs: 30_000 } as const;
/** The behaviour of the article's workers: the first attempt and three retries, then the next task. */
const fourAttempts: Solving = {
  timeoutMs: 300_000,
  limits: { maxAttempts: 4, maxUnsolvable: 3 },
  backoff,
  onExhausted: 'fail',
};
const atOnceAgain: Solving = { ...fourAttempts, backoff: { ...backoff, strategy: 'none' } };
/** The behaviour of `captcha batch`. */
const pausing: Solving = { ...fourAttempts, onExhausted: 'pause' };
const oneASecond = { ...publishedBudget, maxRetriesPerSecond: 1 };
const nothing = { budget: null, breaker: null };

const rows: readonly Row[] = [
  {
    name: 'retried at once',
    policy: { solver: atOnceAgain, resilience: nothing, isShared: true },
    runs: 5,
    published: 2_597,
  },
  {
    name: "the article's client, 50 processes",
    policy: { solver: fourAttempts, resilience: { budget: publishedBudget, breaker: null }, isShared: false },
    runs: 5,
    published: 559,
  },
  {
    name: '10/s shared, fails fast',
    policy: { solver: fourAttempts, resilience: { budget: publishedBudget, breaker: null }, isShared: true },
    runs: 5,
    published: 836,
  },
  {
    name: '1/s shared, fails fast',
    policy: { solver: fourAttempts, resilience: { budget: oneASecond, breaker: null }, isShared: true },
    runs: 5,
    published: 969,
  },
  {
    name: '1/s shared, waits',
    policy: {
      solver: { ...fourAttempts, onExhausted: 'wait' },
      resilience: { budget: oneASecond, breaker: null },
      isShared: true,
    },
    runs: 5,
    published: 89,
  },
  {
    name: 'shared budget and breaker, pauses (ours)',
    policy: { solver: pausing, resilience: { budget: defaultBudget, breaker: defaultBreaker }, isShared: true },
    runs: 20,
    published: null,
  },
];

async function figuresOfRow(
  { policy, runs, published }: Row,
  env: SimulationEnv & { seed: number },
): Promise<Figure[]> {
  const all = await forSeeds(env.seed, runs, async (seed) => {
    const scenario = scenarioOf({ ...storm, seed });
    return figuresOf(await runStorm(scenario, policy, env), scenario);
  });
  const middle = (of: (run: StormFigures) => number): number => median(all.map(of));
  const recovery = middle(({ recoveryMs }) => recoveryMs ?? Infinity);
  return [
    figure(
      middle(({ submissionsInOutage }) => submissionsInOutage),
      published,
    ),
    figure(Math.max(...all.map(({ submissionsInOutage }) => submissionsInOutage))),
    figure(middle(({ peakRequestsPerSecond }) => peakRequestsPerSecond)),
    figure(middle(({ solved }) => solved)),
    figure(Math.max(...all.map(({ failed }) => failed))),
    figure(recovery === Infinity ? null : recovery / 1_000),
  ];
}

/** The storm described in the article, with different protections. */
export async function articleStorm(env: SimulationEnv, seed: number): Promise<PublishedTable> {
  const table: PublishedTable['rows'][number][] = [];
  for (const row of rows) table.push({ name: row.name, figures: await figuresOfRow(row, { ...env, seed }) });
  return {
    title: 'Fifty workers meet an outage of 30 s',
    about:
      'They submit 3.3 tasks a second to a service that has room for 5, answers 429 above that, and above 10 accepts half of ' +
      'what it could; four attempts each. Medians over 5 seeds (ours: 20). In brackets: an independent simulation of the same.',
    head: [
      'clients',
      'submissions in the outage',
      'at most',
      'peak requests/s',
      'solved',
      'lost, at most',
      'recovery s',
    ],
    rows: table,
  };
}
