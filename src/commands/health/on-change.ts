import type { Context } from '../../cli/context.ts';
import { formatMoment } from '../../cli/format.ts';
import type { HealthFrame } from '../../cli/regions/health-report.ts';
import type { RegionStatus } from '../../domain/region.ts';
import { healthDocument } from './view.ts';

/** A region that has another status than at the look before. */
interface StatusChange {
  readonly region: string;
  readonly status: RegionStatus;
  readonly was: RegionStatus;
  /** One JSON document. */
  readonly document: string;
}

/** How long a command may take for one change, in ms. */
const hookTimeoutMs = 30_000;

/** The changes of status between two looks, both directions, in the order of the regions. */
function statusChanges(before: HealthFrame, after: HealthFrame, at: number): readonly StatusChange[] {
  const earlier = new Map(before.regions.map(({ region, status }) => [region, status]));
  const { regions, failover } = healthDocument(after);
  return regions.flatMap((now) => {
    const { region, status } = now;
    const was = earlier.get(region);
    if (was === undefined || was === status) return [];
    const move = failover.find(({ from }) => from === region) ?? null;
    const document = JSON.stringify({ schemaVersion: 1, at: formatMoment(at), was, ...now, failover: move });
    return [{ region, status, was, document }];
  });
}

/** Runs the user's command for every change of a region's status, one after the other. */
export class ChangeHook {
  readonly #command: string;
  readonly #context: Context;
  #running: Promise<void> = Promise.resolve();

  constructor(command: string, context: Context) {
    this.#command = command;
    this.#context = context;
  }

  /** Queues a run for each change; does not wait for it. */
  record(before: HealthFrame, after: HealthFrame): void {
    for (const change of statusChanges(before, after, this.#context.clock.timestamp())) {
      this.#running = this.#running.then(() => this.#run(change));
    }
  }

  /** Resolves when the command was run for every change so far. */
  flush(): Promise<void> {
    return this.#running;
  }

  async #run({ region, status, was, document }: StatusChange): Promise<void> {
    const env = { CAPTCHA_REGION: region, CAPTCHA_STATUS: status, CAPTCHA_WAS: was };
    const request = { input: `${document}\n`, env, timeoutMs: hookTimeoutMs };
    const why = await this.#context.runHook(this.#command, request);
    if (why !== null) this.#context.terminal.error(`--on-change failed for ${region} (${was} -> ${status}): ${why}`);
  }
}
