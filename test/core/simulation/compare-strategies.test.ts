import { describe, expect, it } from 'vitest';
import { defaultBreaker, defaultBudget } from '../../../bench/simulation/policies.ts';
import { resilienceOptions } from '../../../src/cli/resilience-options.ts';
import { createSimulationEnv } from '../../../src/container/simulation.ts';
import { compareStrategies, type ComparisonRequest } from '../../../src/core/simulation/compare-strategies.ts';
import { aConfig } from '../../cli/support/a-config.ts';

const request: ComparisonRequest = {
  scenario: {
    clients: 20,
    ratePerSecond: 2,
    outage: { fromMs: 30_000, toMs: 50_000 },
    durationMs: 120_000,
    seed: 7,
  },
  strategies: ['none', 'full-jitter'],
  budgets: [null, defaultBudget],
  breakers: [null, defaultBreaker],
  limits: { maxAttempts: 3, maxUnsolvable: 3 },
  baseDelayMs: 1_000,
  maxDelayMs: 30_000,
  timeoutMs: 300_000,
};

describe('a comparison of strategies', () => {
  it('gives the same report for the same seed, and another for another', async () => {
    const [once, again] = [
      await compareStrategies(request, createSimulationEnv()),
      await compareStrategies(request, createSimulationEnv()),
    ];
    expect(JSON.stringify(again)).toBe(JSON.stringify(once));
    const scenario = { ...request.scenario, seed: 8 };
    const other = await compareStrategies({ ...request, scenario }, createSimulationEnv());
    expect(JSON.stringify(other.rows)).not.toBe(JSON.stringify(once.rows));
  });

  it('has a row for each strategy without and with each protection', async () => {
    const { rows } = await compareStrategies(request, createSimulationEnv());
    expect(rows.map(({ strategy, budget, breaker }) => [strategy, budget, breaker])).toEqual(
      ['none', 'full-jitter'].flatMap((strategy) =>
        [false, true].flatMap((budget) => [false, true].map((breaker) => [strategy, budget, breaker])),
      ),
    );
  });

  it('shows that protection relieves the service: fewer submissions in the outage, almost no failed task', async () => {
    const { rows } = await compareStrategies(request, createSimulationEnv());
    const [bare, , , guarded] = rows;
    expect(bare!.submissionsInOutage).toBeGreaterThan(20 * guarded!.submissionsInOutage);
    expect(bare!.amplification).toBeGreaterThan(1.5);
    expect(guarded!.amplification).toBeLessThan(1.2);
    expect(bare!.failed).toBeGreaterThan(50);
    expect(guarded!.failed).toBeLessThanOrEqual(1);
  });

  it('does not overload the service with a single client', async () => {
    const outage = { fromMs: 100_000, toMs: 101_000 };
    const scenario = { ...request.scenario, clients: 1, ratePerSecond: 1 / 15, outage };
    const [bare] = (await compareStrategies({ ...request, scenario }, createSimulationEnv())).rows;
    expect(bare).toMatchObject({ wastedSubmissions: 0, failed: 0 });
  });

  it('counts every submission once: in the load, in the sum, and as accepted or wasted', async () => {
    const { rows } = await compareStrategies(request, createSimulationEnv());
    for (const { load, submissions, wastedSubmissions, solved } of rows) {
      expect(load).toHaveLength(120);
      expect(load.reduce((sum, count) => sum + count, 0)).toBe(submissions);
      expect(submissions - wastedSubmissions).toBeGreaterThanOrEqual(solved);
    }
  });

  it('simulates the defaults of the configuration', () => {
    expect(resilienceOptions(aConfig())).toEqual({ budget: defaultBudget, breaker: defaultBreaker });
  });
});
