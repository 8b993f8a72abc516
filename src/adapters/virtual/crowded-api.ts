import { describeFault, ProviderFault } from '../../domain/fault.ts';
import type { CrowdedModel } from '../../ports/modelled-service.ts';
import type { PollAnswer, SolverApi } from '../../ports/solver-api.ts';
import type { ModelledApiDeps } from './modelled-api.ts';

const solution = { text: 'simulated', fields: {} };
/** Made once: to write down the stack would be most of what a failure costs. */
const timedOut = new ProviderFault(describeFault({ kind: 'timeout', message: 'no answer in time' }));

/** A service that becomes slower with every request in it, in virtual time. What it accepted is solved at once. */
export class CrowdedApi implements SolverApi {
  readonly #model: CrowdedModel;
  readonly #deps: ModelledApiDeps;
  #inside = 0;
  #accepted = 0;

  constructor(model: CrowdedModel, deps: ModelledApiDeps) {
    this.#model = model;
    this.#deps = deps;
  }

  async submit(): Promise<string> {
    const { clock, watch } = this.#deps;
    const timeOut = clock.sleep(this.#model.timeoutMs).then(() => false);
    const isInTime = await Promise.race([this.#serve().then(() => true), timeOut]);
    watch.submission(isInTime ? 'accepted' : 'failed');
    if (!isInTime) throw timedOut;
    this.#accepted += 1;
    return String(this.#accepted);
  }

  async poll(): Promise<PollAnswer> {
    this.#deps.watch.poll();
    this.#deps.watch.solved();
    return { ready: true, solution };
  }

  /** Goes on to its end whether or not anybody still waits. */
  async #serve(): Promise<void> {
    const { clock } = this.#deps;
    const { serviceMs, crowdingMs } = this.#model;
    await clock.sleep(this.#networkMs());
    this.#inside += 1;
    await clock.sleep(serviceMs + this.#inside * crowdingMs);
    this.#inside -= 1;
    await clock.sleep(this.#networkMs());
  }

  #networkMs(): number {
    return -Math.log(1 - this.#deps.random.next()) * this.#model.networkMs;
  }
}
