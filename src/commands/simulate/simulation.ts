import type { Config } from '../../config/schema.ts';
import type { SimulationEnv } from '../../core/simulation/environment.ts';
import type { PollTiming } from '../../core/solve/poll-pacing.ts';

/** What `captcha simulate` may use. */
export interface Simulation {
  readonly env: SimulationEnv;
  /** How a configuration polls the simulated tasks. */
  timing(config: Config): PollTiming;
  /** Writes a report; an earlier one is replaced at once. Throws `UsageError` for a file that is none, or the system's error. */
  writeReport(path: string, text: string): Promise<void>;
}
