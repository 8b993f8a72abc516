import type { SimulationKit } from '../../core/simulate/kit.ts';

/** What `captcha simulate` may use. */
export interface Simulation {
  readonly kit: SimulationKit;
  /** Writes a report beside nothing else: replaced where it exists. Rejects with a system error. */
  writeReport(path: string, text: string): Promise<void>;
}
