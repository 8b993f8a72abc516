import type { Fault } from '../../domain/fault.ts';
import type { Solution } from '../../domain/solution.ts';
import type { CallLimits, ManyPolls, PollAnswer } from '../../ports/solver-api.ts';
import { thrownFault } from '../solve/thrown-fault.ts';

export interface GroupTrustOptions {
  /** How many ids are asked for to see whether the service answers for several. */
  readonly witnessCount: number;
}

export interface GroupTrustDeps {
  readonly api: ManyPolls;
  /** Told once, in half a sentence, why ids are asked for one by one from now on. */
  readonly onRefused: (why: string) => void;
}

/** An id whose solution is known from its own answer. */
interface Witness {
  readonly captchaId: string;
  readonly token: string;
}

/** A trial that met with a passing fault says nothing about the service; but not for ever. */
const mostTrials = 3;
/** Nobody waits for a trial: only the service's own timeout limits it. */
const unlimited: CallLimits = { timeLeftMs: Infinity };

/** Whether a fault says nothing about how the service takes several ids. */
export function isPassing({ kind }: Fault): boolean {
  return kind === 'transport' || kind === 'timeout' || kind === 'throttled';
}

/** Ids are opaque; shorter before longer sorts those that are numbers. */
const byId = (a: Witness, b: Witness): number =>
  a.captchaId.length - b.captchaId.length || (a.captchaId < b.captchaId ? -1 : 1);

/** In an order that is neither that of the ids nor its reverse, where there are three: answers that were sorted show. */
function inOddOrder(witnesses: readonly Witness[]): readonly Witness[] {
  const [first, ...rest] = witnesses.toSorted(byId);
  return first === undefined ? [] : [...rest, first];
}

const isSolutionOf = ({ token }: Witness, answer: PollAnswer | null | undefined): boolean =>
  answer?.ready === true && answer.solution.text === token;

/**
 * Whether the service answers rightly for several ids at once. A solution that is put to the wrong task would be the worst
 * of faults, so it is asked, before any such answer counts, for ids whose solutions are known already.
 */
export class GroupTrust {
  readonly #options: GroupTrustOptions;
  readonly #deps: GroupTrustDeps;
  #state: 'unknown' | 'asking' | 'trusted' | 'refused' = 'unknown';
  #witnesses: Witness[] = [];
  #trialCount = 0;

  constructor(options: GroupTrustOptions, deps: GroupTrustDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  isTrusted(): boolean {
    return this.#state === 'trusted';
  }

  isRefused(): boolean {
    return this.#state === 'refused';
  }

  /** Takes in what an id's own answer was. */
  witness(captchaId: string, { text, fields }: Solution): void {
    if (Object.keys(fields).length > 0) this.refuse('solutions come with more than a token');
    if (this.#witnesses.some(({ token }) => token === text)) this.refuse('two tasks had the same solution');
    if (this.#state !== 'unknown') return;
    this.#witnesses.push({ captchaId, token: text });
    if (this.#witnesses.length < this.#options.witnessCount) return;
    this.#state = 'asking';
    void this.#ask(inOddOrder(this.#witnesses));
    this.#witnesses = [];
  }

  /** From now on every id is asked for alone. */
  refuse(why: string): void {
    if (this.#state === 'refused') return;
    this.#state = 'refused';
    this.#witnesses = [];
    this.#deps.onRefused(why);
  }

  async #ask(witnesses: readonly Witness[]): Promise<void> {
    const ids = witnesses.map(({ captchaId }) => captchaId);
    const said = (await this.#deps.api.pollMany(ids, unlimited).catch(thrownFault)) ?? [];
    if (this.#state !== 'asking') return;
    this.#trialCount += 1;
    if ('kind' in said && isPassing(said) && this.#trialCount < mostTrials) this.#state = 'unknown';
    else if (!('kind' in said) && witnesses.every((witness, at) => isSolutionOf(witness, said[at]))) {
      this.#state = 'trusted';
    } else this.refuse('the service did not answer as it does for each id alone');
  }
}
