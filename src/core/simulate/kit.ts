import type { Clock } from '../../ports/clock.ts';
import type { CrowdedModel, ServiceModel, ServiceWatch } from '../../ports/modelled-service.ts';
import type { Random } from '../../ports/random.ts';
import type { SolverApi } from '../../ports/solver-api.ts';
import type { VirtualTime } from '../../ports/virtual-time.ts';

interface ServiceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly watch: ServiceWatch;
}

/** The appliances that make a simulation of the shipping solver. */
export interface SimulationKit {
  /** Begins at 0. */
  readonly clock: () => VirtualTime;
  readonly random: (seed: number) => Random;
  readonly service: (model: ServiceModel, deps: ServiceDeps) => SolverApi;
  readonly crowdedService: (model: CrowdedModel, deps: ServiceDeps) => SolverApi;
}
