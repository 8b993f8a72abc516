import { describe, expect, it } from 'vitest';
import { createSimulation, createSimulationEnv } from '../../../src/container/simulation.ts';
import { compareDelivery, type DeliveryRequest } from '../../../src/core/simulation/delivery.ts';
import { aConfig } from '../../cli/support/a-config.ts';

const request: DeliveryRequest = {
  threads: 8,
  tasks: 400,
  solveMs: [4_000, 8_000],
  roundTripMs: [100, 250],
  seed: 1,
};
const timing = createSimulation().timing(aConfig());
const usual = { timing, concurrency: 'auto', isPlanned: true } as const;

describe('the delivery of solutions', () => {
  it('is sooner than with a plain loop, with busier threads and hardly more polls', async () => {
    const { own, plainLoop } = await compareDelivery(request, usual, createSimulationEnv());
    expect(own.delayMs.mean).toBeLessThan(0.8 * plainLoop.delayMs.mean);
    expect(own.threadUse).toBeGreaterThan(0.85);
    expect(plainLoop.threadUse).toBeLessThan(0.8);
    expect(own.pollsPerTask).toBeLessThan(1.3 * plainLoop.pollsPerTask);
    expect(own.refusedPerTask).toBeLessThan(0.2);
    expect(plainLoop.refusedPerTask).toBe(0);
  });

  it('is the same for the same seed', async () => {
    const [one, two] = [
      await compareDelivery(request, usual, createSimulationEnv()),
      await compareDelivery(request, usual, createSimulationEnv()),
    ];
    expect(two).toEqual(one);
    expect(await compareDelivery({ ...request, seed: 2 }, usual, createSimulationEnv())).not.toEqual(one);
  });

  it('shows what a fixed first wait and few tasks at once cost', async () => {
    const slow = { ...usual, timing: { ...timing, firstWaitMs: 15_000 }, concurrency: 4 };
    const { own } = await compareDelivery(request, slow, createSimulationEnv());
    expect(own.delayMs.mean).toBeGreaterThan(8_000);
    expect(own.threadUse).toBeLessThan(0.25);
  });
});
