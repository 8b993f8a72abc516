import { describeFault, type Fault, ProviderFault } from '../../src/domain/fault.ts';
import type { Task } from '../../src/domain/task.ts';
import type { CallLimits, PollAnswer, SolverApi } from '../../src/ports/api.ts';
import type { Clock } from '../../src/ports/system.ts';

/** The answer to one call, and its latency; default: none. */
export type Step<T> =
  { readonly latencyMs?: number; readonly answer: T } | { readonly latencyMs?: number; readonly fault: Fault };

/** The answers to the calls of one task or id, in order; the last one is repeated. */
export type Script<T> = readonly [Step<T>, ...(readonly Step<T>[])];

export interface ScriptedAnswers {
  readonly submits: (task: Task) => Script<'accepted'>;
  readonly polls: (captchaId: string) => Script<PollAnswer>;
}

/** One call as received by the service. */
export interface Call {
  readonly type: 'submit' | 'poll';
  readonly taskId: string;
  /** Null for a submission that was not accepted. */
  captchaId: string | null;
  readonly sentMs: number;
  readonly timeLeftMs: number;
  endedMs: number;
  /** Null if it succeeded. */
  fault: Fault | null;
  /** True for the poll that found the solution. */
  foundSolution: boolean;
}

export const notReady: PollAnswer = { ready: false };
export const ready: PollAnswer = { ready: true, solution: { text: 'token', fields: {} } };

const tookTooLong = describeFault({ kind: 'timeout', message: 'no answer within the time limit' });

/** A service with scripted answers on a clock; it ends calls at their limit, and records every call. */
export class ScriptedApi implements SolverApi {
  readonly calls: Call[] = [];
  readonly #answers: ScriptedAnswers;
  readonly #clock: Clock;

  constructor(answers: ScriptedAnswers, { clock }: { clock: Clock }) {
    this.#answers = answers;
    this.#clock = clock;
  }

  get submissions(): readonly Call[] {
    return this.calls.filter(({ type }) => type === 'submit');
  }

  get polls(): readonly Call[] {
    return this.calls.filter(({ type }) => type === 'poll');
  }

  async submit(task: Task, limits: CallLimits): Promise<string> {
    const earlier = this.submissions.filter(({ taskId }) => taskId === task.taskId).length;
    const step = nth(this.#answers.submits(task), earlier);
    const call = this.#begin({ type: 'submit', taskId: task.taskId, captchaId: null }, limits);
    await this.#end(call, step);
    call.captchaId = `${task.taskId}-${earlier + 1}`;
    return call.captchaId;
  }

  async poll(captchaId: string, limits: CallLimits): Promise<PollAnswer> {
    const earlier = this.polls.filter((call) => call.captchaId === captchaId).length;
    const step = nth(this.#answers.polls(captchaId), earlier);
    const taskId = captchaId.slice(0, captchaId.lastIndexOf('-'));
    return this.#end(this.#begin({ type: 'poll', taskId, captchaId }, limits), step);
  }

  #begin(about: Pick<Call, 'type' | 'taskId' | 'captchaId'>, { timeLeftMs }: CallLimits): Call {
    const call = {
      ...about,
      timeLeftMs,
      sentMs: this.#clock.nowMs(),
      endedMs: Infinity,
      fault: null,
      foundSolution: false,
    };
    this.calls.push(call);
    return call;
  }

  async #end<T>(call: Call, step: Step<T>): Promise<T> {
    const latencyMs = step.latencyMs ?? 0;
    await this.#clock.sleep(Math.min(latencyMs, call.timeLeftMs));
    call.endedMs = this.#clock.nowMs();
    if (latencyMs > call.timeLeftMs) call.fault = { ...tookTooLong, answerLost: call.type === 'submit' };
    else if ('fault' in step) call.fault = step.fault;
    else {
      call.foundSolution = step.answer === ready;
      return step.answer;
    }
    throw new ProviderFault(call.fault);
  }
}

function nth<T>(script: Script<T>, index: number): Step<T> {
  return script[Math.min(index, script.length - 1)]!;
}
