import { placeOf } from '../adapters/files/file-place.ts';
import { checkIsOurs, replaceFile } from '../adapters/files/replace-file.ts';
import { ThrashingApi, ModelledApi } from '../adapters/virtual/modelled-api.ts';
import { seededRandom } from '../adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../adapters/virtual/virtual-clock.ts';
import type { Simulation } from '../commands/simulate/simulation.ts';
import { methodTiming } from '../config/polling-advice.ts';
import { simulatedTask, type SimulationEnv } from '../core/simulation/environment.ts';

/** Virtual time, chance that repeats itself and modelled services, for the shipping solver. */
export function createSimulationEnv(): SimulationEnv {
  return {
    clock: () => new VirtualClock(),
    random: seededRandom,
    service: (model, deps) => new ModelledApi(model, deps),
    createThrashingApi: (model, deps) => new ThrashingApi(model, deps),
  };
}

async function writeReport(path: string, text: string): Promise<void> {
  const place = await placeOf(path);
  if (place.isFile) await checkIsOurs(place, (start) => /^\s*<!doctype html>/i.test(start), 'an HTML report');
  await replaceFile(place, text);
}

/** Everything that `captcha simulate` needs. */
export function createSimulation(): Simulation {
  return {
    env: createSimulationEnv(),
    timing: (config) => methodTiming(config, simulatedTask(1)),
    writeReport,
  };
}
