import type { SimulationKit } from '../../core/simulate/kit.ts';

/** What the live log says about the load so far. */
export interface ObservedLoad {
  /** Accepted submissions per second, on average. */
  readonly acceptedPerSecond: number;
  /** Over so long, in ms. */
  readonly overMs: number;
}

/** What `captcha simulate` may use. */
export interface Simulation {
  readonly kit: SimulationKit;
  /** Null where there is no live log to learn from. */
  observedLoad(): Promise<ObservedLoad | null>;
  /** Writes a report beside nothing else: replaced where it exists. Rejects with a system error. */
  writeReport(path: string, text: string): Promise<void>;
}
