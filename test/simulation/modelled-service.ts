import type { HttpCall } from '../../src/adapters/http/http-call.ts';
import type { Clock } from '../../src/ports/system.ts';
import type { SeededGenerator } from '../support/seeded-generator.ts';
import type { Accepted, Ledger } from './ledger.ts';
import type { ServiceHabits } from './schedule.ts';
import * as wire from './service-faults.ts';

const slowMs = 45_000;
const calmLatencyMs = 50;

/** When an id is finished, and how. */
interface Work {
  readonly readyMs: number;
  readonly end: HttpCall;
}

export interface ServiceParts {
  readonly habits: ServiceHabits;
  readonly clock: Clock;
  readonly generator: SeededGenerator;
  readonly ledger: Ledger;
}

/** A service that outlives its client processes. Its answers have the wire format. */
export class ModelledService {
  readonly #parts: ServiceParts;
  readonly #works = new Map<string, Work>();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** The current latency of one way, in ms. */
  latencyMs(): number {
    const { generator, habits, clock } = this.#parts;
    if (clock.nowMs() >= habits.calmFromMs) return generator.between(0, calmLatencyMs);
    return generator.chance(habits.slowRatio)
      ? generator.between(0, slowMs)
      : generator.between(0, habits.latencyMs / 2);
  }

  /** The answer to an arrived submission; null for none. */
  submit(taskId: string): HttpCall | null {
    const { habits, ledger, generator } = this.#parts;
    const serviceFault = this.#serviceFault('submit');
    if (serviceFault === null && habits.threads !== null && this.#working() >= habits.threads) {
      ledger.count('submit: every thread taken');
      return wire.noSlot;
    }
    if (serviceFault !== null && !generator.chance(serviceFault.accepts)) return serviceFault.httpCall;
    const accepted = ledger.accept(taskId);
    this.#begin(accepted);
    if (serviceFault !== null) ledger.count('submit: accepted, and the answer lost');
    return serviceFault === null ? wire.accepted(accepted.captchaId) : serviceFault.httpCall;
  }

  /** The answer to an arrived poll; null for none. */
  poll(captchaId: string): HttpCall | null {
    const { clock } = this.#parts;
    const serviceFault = this.#serviceFault('poll');
    if (serviceFault !== null) return serviceFault.httpCall;
    const work = this.#works.get(captchaId);
    if (work === undefined) throw new Error(`nobody accepted ${captchaId}`);
    return clock.nowMs() < work.readyMs ? wire.notReady : work.end;
  }

  #begin({ captchaId, taskId }: Accepted): void {
    const { clock, generator, habits } = this.#parts;
    const isCalm = clock.nowMs() >= habits.calmFromMs;
    const isGivenUp = !isCalm && generator.chance(habits.unsolvableRatio);
    const end = isGivenUp
      ? generator.oneOf([wire.unsolvable, wire.unsolvable, wire.forgotten])
      : wire.solved(`token of ${taskId}`);
    const solveMs = isCalm ? 1_000 : generator.between(0, habits.solveMs);
    this.#works.set(captchaId, { readyMs: clock.nowMs() + solveMs, end });
  }

  #working(): number {
    const nowMs = this.#parts.clock.nowMs();
    return [...this.#works.values()].filter(({ readyMs }) => nowMs < readyMs).length;
  }

  #serviceFault(call: 'submit' | 'poll'): wire.ServiceFault | null {
    const { clock, generator, habits, ledger } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs >= habits.calmFromMs) return null;
    const spell = habits.spells.find(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
    const byChance = generator.chance(habits.faultRatio) ? generator.oneOf(wire.serviceFaults) : null;
    const serviceFault = spell?.serviceFault ?? byChance;
    if (serviceFault === null || (serviceFault.only ?? call) !== call) return null;
    ledger.count(`${call}: ${serviceFault.name}`);
    return serviceFault;
  }
}
