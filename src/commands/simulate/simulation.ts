import type { SimulationEnv } from '../../core/simulation/environment.ts';

/** What `captcha simulate` may use. */
export interface Simulation {
  readonly env: SimulationEnv;
  /** Writes a report; an earlier one is replaced at once. Throws `UsageError` for a file that is none, or the system's error. */
  writeReport(path: string, text: string): Promise<void>;
}
