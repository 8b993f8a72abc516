import { readResponse, unusableAnswer, usualRetryAfter } from '../../src/adapters/captchaai/read-response.ts';
import {
  parseSubmitResponse,
  type Parsed,
  parsePollResponse,
  type Success,
} from '../../src/adapters/captchaai/responses.ts';
import type { HttpCall } from '../../src/adapters/http/http-call.ts';
import { type Fault, ProviderFault } from '../../src/domain/fault.ts';
import type { Result } from '../../src/domain/result.ts';
import type { CallLimits, SolverApi } from '../../src/ports/api.ts';
import type { Clock } from '../../src/ports/system.ts';
import type { CrashingProcess } from '../support/crashing-process.ts';
import type { Call, TaskRun, Ledger } from './ledger.ts';
import type { ModelledService } from './modelled-service.ts';
import { keyOf } from './task-key.ts';

export interface ClientParts {
  readonly service: ModelledService;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly callTimeoutMs: number;
}

const timedOut = (maybeSent: boolean): HttpCall => ({
  ...{ type: 'broken', kind: 'timeout', why: 'no answer within the time limit' },
  maybeSent,
});

const host = 'ocr.example.com';

/** The client of one task in one process: time and the wire are modelled, parsing is real. */
export class Client implements SolverApi {
  readonly #parts: ClientParts;
  readonly #taskRun: TaskRun;
  readonly #process: CrashingProcess;

  constructor(parts: ClientParts, { taskRun, process }: { taskRun: TaskRun; process: CrashingProcess }) {
    this.#parts = parts;
    this.#taskRun = taskRun;
    this.#process = process;
  }

  async submit({ taskId }: { taskId: string }, limits: CallLimits): Promise<string> {
    const call = this.#begin('submit', limits, null);
    const captchaId = await this.#ask(call, () => this.#parts.service.submit(taskId), parseSubmitResponse);
    call.captchaId = captchaId;
    this.#parts.ledger.acceptedAs(captchaId).knownTo.add(this.#process.name);
    return captchaId;
  }

  async poll(captchaId: string, limits: CallLimits) {
    const call = this.#begin('poll', limits, captchaId);
    const answer = await this.#ask(call, () => this.#parts.service.poll(captchaId), parsePollResponse);
    if (answer.ready) this.#parts.ledger.acceptedAs(captchaId).isOver = true;
    return answer;
  }

  #begin(type: Call['type'], { timeLeftMs }: CallLimits, captchaId: string | null): Call {
    const { ledger, clock } = this.#parts;
    const pass = type === 'submit' ? this.#taskRun.pass : null;
    const about = { type, taskRun: this.#taskRun, order: ledger.calls.length, pass, timeLeftMs, captchaId };
    const call: Call = { ...about, sentMs: clock.nowMs(), endedMs: null, fault: null };
    ledger.addCall(call);
    this.#taskRun.calls.push(call);
    if (type === 'submit') this.#checkAlive();
    this.#checkWrittenDown(call);
    return call;
  }

  #checkAlive(): void {
    const { taskId, process } = this.#taskRun;
    const alive = this.#parts.ledger.acceptedFor(taskId).find(({ knownTo, isOver }) => knownTo.has(process) && !isOver);
    if (alive !== undefined) {
      this.#parts.ledger.violate(`${process} submits ${taskId} while it knows ${alive.captchaId}, which may be alive`);
    }
  }

  /** Every step is durable before it is taken: each submission, and each id before its first poll. */
  #checkWrittenDown({ type, captchaId }: Call): void {
    const { disk, taskId, process } = this.#taskRun;
    if (disk === null) return;
    const { ledger } = this.#parts;
    const [what, line, times] =
      type === 'poll'
        ? ['polls', `"id":"${captchaId ?? ''}"`, 1]
        : ['submits', `{"t":"intent","k":"${keyOf(taskId)}"`, ledger.submissionsOf(taskId)];
    if (disk.count(line) < times) ledger.violate(`${process} ${what} ${captchaId ?? taskId} before it is written down`);
  }

  async #ask<T>(call: Call, arrive: () => HttpCall | null, pick: (answer: Success) => Parsed<T>): Promise<T> {
    const { ledger, clock } = this.#parts;
    const httpCall = await this.#process.take(() => this.#httpCall(call, arrive));
    call.endedMs = clock.nowMs();
    const read = this.#read(call.type, httpCall, pick);
    const said = 'error' in read ? read.error.message : JSON.stringify(read.value);
    ledger.trace(this.#process.name, `${call.type} ${this.#taskRun.taskId} ${call.captchaId ?? ''} -> ${said}`);
    if ('value' in read) return read.value;
    call.fault = read.error;
    this.#recordEnd(call, read.error);
    throw new ProviderFault(read.error);
  }

  #recordEnd({ type, captchaId }: Call, { kind }: Fault): void {
    const isOver = kind === 'unsolvable' || kind === 'rejected';
    if (type === 'poll' && captchaId !== null && isOver) this.#parts.ledger.acceptedAs(captchaId).isOver = true;
  }

  /** Sent requests arrive, even if the client ends meanwhile. */
  async #httpCall({ timeLeftMs, type }: Call, arrive: () => HttpCall | null): Promise<HttpCall> {
    const { service, clock, callTimeoutMs, ledger } = this.#parts;
    if (timeLeftMs <= 0) {
      ledger.count(`${type}: not sent, no time was left`);
      return timedOut(false);
    }
    const limitMs = Math.min(callTimeoutMs, timeLeftMs);
    const [thereMs, backMs] = [service.latencyMs(), service.latencyMs()];
    const arrived = clock.sleep(thereMs).then(arrive);
    if (thereMs < limitMs) {
      const httpCall = await arrived;
      if (httpCall !== null && thereMs + backMs < limitMs) {
        await clock.sleep(backMs);
        return httpCall;
      }
    }
    ledger.count(`${type}: timed out`);
    await clock.sleep(Math.max(0, limitMs - Math.min(thereMs, limitMs)));
    return timedOut(true);
  }

  #read<T>(call: Call['type'], httpCall: HttpCall, pick: (answer: Success) => Parsed<T>): Result<T, Fault> {
    const timestamp = this.#parts.clock.timestamp();
    const reading = readResponse(httpCall, {
      call,
      host,
      errorKinds: {},
      retryAfter: usualRetryAfter,
      clean: (text) => text,
      timestamp,
      isFound: true,
    });
    if (reading.type === 'fault') return { error: reading.fault };
    const picked = pick(reading);
    return 'value' in picked ? picked : { error: unusableAnswer({ call, host }, picked.error) };
  }
}
