import { type Fault, ProviderFault } from '../../domain/fault.ts';
import type { Solution } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { CallLimits, ManyPolls, PollAnswer, SolverApi } from '../../ports/api.ts';
import type { Clock } from '../../ports/system.ts';
import { thrownFault } from '../solve/poller.ts';

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
const maxTrials = 3;
/** Nobody waits for a trial: only the service's own timeout limits it. */
const unlimited: CallLimits = { timeLeftMs: Infinity };

/** Whether a fault says nothing about how the service takes several ids. */
function isPassing({ kind }: Fault): boolean {
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
class GroupTrust {
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
    if ('kind' in said && isPassing(said) && this.#trialCount < maxTrials) this.#state = 'unknown';
    else if (!('kind' in said) && witnesses.every((witness, at) => isSolutionOf(witness, said[at]))) {
      this.#state = 'trusted';
    } else this.refuse('the service did not answer as it does for each id alone');
  }
}

export interface GroupedPollsOptions {
  /** At most so many ids in one request; at least 2. */
  readonly idsPerRequest: number;
}

export interface GroupedPollsDeps {
  readonly api: SolverApi & ManyPolls;
  readonly clock: Clock;
  /** Whether the task's solution is one token, which can stand among others. */
  readonly isToken: (task: Task) => boolean;
  /** Told once, in half a sentence, why ids are asked for one by one from now on. */
  readonly onRefused: (why: string) => void;
}

interface WaitingPoll {
  readonly captchaId: string;
  /** On the monotonic clock. */
  readonly deadlineAtMs: number;
  readonly resolve: (answer: PollAnswer | Promise<PollAnswer>) => void;
  readonly reject: (error: unknown) => void;
}

interface Group {
  readonly polls: WaitingPoll[];
  /** Aborts when it has to wait for no more. */
  readonly full: AbortController;
}

/** A poll waits so long for others, in ms: little beside the interval between two polls of an id. */
const windowMs = 250;
/** A poll with less time than this is sent at once, and its deadline cuts nobody else's short. */
const minTimeLeftMs = 5_000;
/** An id that is forgotten is merely asked for alone. */
const maxIds = 1 << 16;
const witnessCount = 3;
/** Ids are joined by commas. */
const joinable = /^[\w-]+$/;

const newGroup = (): Group => ({ polls: [], full: new AbortController() });

/**
 * The service, polled for several ids at once where it proves to answer that rightly. Ids whose solutions are more than a
 * token, and those that were accepted in an earlier run, are asked for alone. Whatever is surprising about an answer for
 * several sends every id of it alone at once, and all others from then on.
 */
export class GroupedPolls implements SolverApi {
  readonly #options: GroupedPollsOptions;
  readonly #deps: GroupedPollsDeps;
  readonly #trust: GroupTrust;
  /** The ids whose solutions are tokens, as far as they are not known yet. */
  readonly #tokenIds = new Set<string>();
  #group = newGroup();

  constructor(options: GroupedPollsOptions, deps: GroupedPollsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#trust = new GroupTrust({ witnessCount: Math.min(witnessCount, options.idsPerRequest) }, deps);
  }

  async submit(task: Task, limits: CallLimits): Promise<string> {
    const captchaId = await this.#deps.api.submit(task, limits);
    if (!this.#trust.isRefused() && this.#deps.isToken(task) && joinable.test(captchaId)) this.#remember(captchaId);
    return captchaId;
  }

  poll(captchaId: string, limits: CallLimits): Promise<PollAnswer> {
    const isPatient = limits.signal === undefined && limits.timeLeftMs >= minTimeLeftMs;
    if (!this.#trust.isTrusted() || !isPatient || !this.#tokenIds.has(captchaId)) return this.#look(captchaId, limits);
    const deadlineAtMs = this.#deps.clock.nowMs() + limits.timeLeftMs;
    return new Promise((resolve, reject) => this.#join({ captchaId, deadlineAtMs, resolve, reject }));
  }

  #remember(captchaId: string): void {
    this.#tokenIds.add(captchaId);
    for (const oldest of this.#tokenIds) {
      if (this.#tokenIds.size <= maxIds) return;
      this.#tokenIds.delete(oldest);
    }
  }

  /** Asks for one id. */
  async #look(captchaId: string, limits: CallLimits): Promise<PollAnswer> {
    const answer = await this.#deps.api.poll(captchaId, limits);
    if (answer.ready && this.#tokenIds.delete(captchaId)) this.#trust.witness(captchaId, answer.solution);
    return answer;
  }

  #lookAlone({ captchaId, deadlineAtMs }: WaitingPoll): Promise<PollAnswer> {
    return this.#look(captchaId, { timeLeftMs: deadlineAtMs - this.#deps.clock.nowMs() });
  }

  #join(poll: WaitingPoll): void {
    const group = this.#group;
    group.polls.push(poll);
    if (group.polls.length === 1) {
      // What is thrown here is a bug, which every task that it concerns passes on.
      this.#sendLater(group).catch((error: unknown) => group.polls.forEach(({ reject }) => reject(error)));
    }
    if (group.polls.length < this.#options.idsPerRequest) return;
    this.#group = newGroup();
    // Without a reason it would make an error, with a stack.
    group.full.abort(null);
  }

  async #sendLater(group: Group): Promise<void> {
    await this.#deps.clock.sleep(windowMs, group.full.signal);
    if (this.#group === group) this.#group = newGroup();
    const answers = await this.#answersTo(group.polls);
    group.polls.forEach((poll, at) => {
      const answer = answers === null ? null : 'kind' in answers ? answers : answers[at];
      this.#settle(poll, answer ?? null);
    });
  }

  #settle(poll: WaitingPoll, answer: PollAnswer | Fault | null): void {
    if (answer === null) poll.resolve(this.#lookAlone(poll));
    else if ('kind' in answer) poll.reject(new ProviderFault(answer));
    else {
      if (answer.ready) this.#tokenIds.delete(poll.captchaId);
      poll.resolve(answer);
    }
  }

  /** One answer for each poll, or a fault that is that of each of them; null sends all of them alone. */
  async #answersTo(polls: readonly WaitingPoll[]): Promise<readonly (PollAnswer | null)[] | Fault | null> {
    if (polls.length < 2 || !this.#trust.isTrusted()) return null;
    const deadlineAtMs = Math.min(...polls.map((poll) => poll.deadlineAtMs));
    const ids = polls.map(({ captchaId }) => captchaId);
    const limits = { timeLeftMs: deadlineAtMs - this.#deps.clock.nowMs() };
    const answers = await this.#deps.api.pollMany(ids, limits).catch(thrownFault);
    if (answers === null) this.#trust.refuse('an answer did not fit the ids that were asked for');
    else if ('kind' in answers) return this.#faultOfAll(answers);
    // Trust may have been lost while this answer was under way.
    return this.#trust.isTrusted() ? answers : null;
  }

  /** What the service said instead of answers. */
  #faultOfAll(fault: Fault): Fault | null {
    if (!isPassing(fault)) this.#trust.refuse('the service refused a request for several ids');
    // Whoever asks for fewer requests is not sent one for each id.
    return fault.kind === 'throttled' ? fault : null;
  }
}
