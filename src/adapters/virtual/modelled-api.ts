import { describeFault, ProviderFault } from '../../domain/fault.ts';
import type { PollAnswer, SolverApi, Threads } from '../../ports/api.ts';
import type {
  ModelledReply,
  ModelledService,
  ServiceModel,
  ServiceWatch,
  SpanMs,
  ThrashingModel,
} from '../../ports/simulation.ts';
import type { Clock, Random } from '../../ports/system.ts';

interface ModelledApiDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly watch: ServiceWatch;
}

/** Averaging time of the load: short bursts pass. */
const loadMemoryMs = 3_000;
/** Share of its capacity that a collapsed service still handles. */
const collapsedShare = 0.5;

const solution = { text: 'simulated', fields: {} };

const noThread = {
  kind: 'throttled',
  code: 'ERROR_NO_SLOT_AVAILABLE',
  message: 'no free thread',
  threadsFull: true,
} as const;
const tooMany = { kind: 'throttled', code: 'ERROR_TOO_MUCH_REQUESTS', message: 'too many requests' } as const;
/** Created once: capturing the stack would be most of a failure's cost. */
const faults = {
  busy: new ProviderFault(describeFault(tooMany)),
  failed: new ProviderFault(describeFault({ kind: 'transport', message: 'HTTP 503' })),
  full: new ProviderFault(describeFault(noThread)),
};

/** A simulated solving service in virtual time. The same random numbers give the same answers. */
export class ModelledApi implements ModelledService {
  readonly #model: ServiceModel;
  readonly #deps: ModelledApiDeps;
  readonly #readyAtMs = new Map<string, number>();
  #accepted = 0;
  /** Accepted submissions whose answer is under way. */
  #beginning = 0;
  /** Submissions per second. */
  #load = 0;
  #loadAtMs = 0;

  constructor(model: ServiceModel, deps: ModelledApiDeps) {
    this.#model = model;
    this.#deps = deps;
  }

  async submit(): Promise<string> {
    const { clock, watch } = this.#deps;
    const reply = this.#judge();
    watch.submission(reply);
    this.#beginning += reply === 'accepted' ? 1 : 0;
    await clock.sleep(this.#within(this.#model.roundTripMs));
    if (reply !== 'accepted') throw faults[reply];
    this.#beginning -= 1;
    this.#accepted += 1;
    const captchaId = String(this.#accepted);
    this.#readyAtMs.set(captchaId, clock.nowMs() + this.#within(this.#model.solveMs));
    return captchaId;
  }

  async poll(captchaId: string): Promise<PollAnswer> {
    const { clock, watch } = this.#deps;
    watch.poll();
    const readyAtMs = this.#readyAtMs.get(captchaId) ?? Infinity;
    const ready = clock.nowMs() >= readyAtMs;
    await clock.sleep(this.#within(this.#model.roundTripMs));
    if (!ready) return { ready };
    this.#readyAtMs.delete(captchaId);
    watch.solved(clock.nowMs() - readyAtMs);
    return { ready, solution };
  }

  async threads(): Promise<Threads> {
    await this.#deps.clock.sleep(this.#within(this.#model.roundTripMs));
    return { threads: this.#model.threads ?? Infinity, workingThreads: this.#working() };
  }

  /** A thread is free again when its task is solved, fetched or not. */
  #working(): number {
    const nowMs = this.#deps.clock.nowMs();
    let count = this.#beginning;
    for (const readyAtMs of this.#readyAtMs.values()) count += readyAtMs > nowMs ? 1 : 0;
    return count;
  }

  #judge(): ModelledReply {
    const { outage, capacity } = this.#model;
    const nowMs = this.#deps.clock.nowMs();
    const remembered = Math.exp((this.#loadAtMs - nowMs) / loadMemoryMs);
    this.#load = this.#load * remembered + 1_000 / loadMemoryMs;
    this.#loadAtMs = nowMs;
    if (outage !== null && nowMs >= outage.fromMs && nowMs < outage.toMs) return 'failed';
    if (this.#model.threads !== undefined && this.#working() >= this.#model.threads) return 'full';
    if (capacity === null || this.#load <= capacity.perSecond) return 'accepted';
    const isCollapsed = this.#load > capacity.perSecond * capacity.collapseRatio;
    const share = (capacity.perSecond / this.#load) * (isCollapsed ? collapsedShare : 1);
    if (this.#deps.random.next() < share) return 'accepted';
    return isCollapsed ? 'failed' : 'busy';
  }

  #within([shortest, longest]: SpanMs): number {
    return shortest + (longest - shortest) * this.#deps.random.next();
  }
}

/** Created once: capturing the stack would be most of a failure's cost. */
const timedOut = new ProviderFault(describeFault({ kind: 'timeout', message: 'no answer within the time limit' }));

/** A simulated service that becomes slower with every concurrent request. It solves accepted tasks immediately. */
export class ThrashingApi implements SolverApi {
  readonly #model: ThrashingModel;
  readonly #deps: ModelledApiDeps;
  #inside = 0;
  #accepted = 0;

  constructor(model: ThrashingModel, deps: ModelledApiDeps) {
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
    this.#deps.watch.solved(0);
    return { ready: true, solution };
  }

  /** Runs to its end even if the client has given up. */
  async #serve(): Promise<void> {
    const { clock } = this.#deps;
    const { serviceMs, contentionMs } = this.#model;
    await clock.sleep(this.#networkMs());
    this.#inside += 1;
    await clock.sleep(serviceMs + this.#inside * contentionMs);
    this.#inside -= 1;
    await clock.sleep(this.#networkMs());
  }

  #networkMs(): number {
    return -Math.log(1 - this.#deps.random.next()) * this.#model.networkMs;
  }
}
