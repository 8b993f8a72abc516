import type { HttpCall } from '../../src/adapters/http/http-call.ts';
import type { Clock } from '../../src/ports/system.ts';
import type { Dice } from '../support/dice.ts';
import type { Accepted, Ledger } from './ledger.ts';
import type { ServiceHabits } from './schedule.ts';
import * as wire from './trouble.ts';

const slowMs = 45_000;
const calmLatencyMs = 50;

/** When an id is done, and how. */
interface Work {
  readonly readyMs: number;
  readonly end: HttpCall;
}

export interface ServiceParts {
  readonly habits: ServiceHabits;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly ledger: Ledger;
}

/** A service that outlives the processes that use it. Its answers are what the wire would carry. */
export class ModelledService {
  readonly #parts: ServiceParts;
  readonly #works = new Map<string, Work>();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** How long one way takes now, in ms. */
  latencyMs(): number {
    const { dice, habits, clock } = this.#parts;
    if (clock.nowMs() >= habits.calmFromMs) return dice.between(0, calmLatencyMs);
    return dice.chance(habits.slowRatio) ? dice.between(0, slowMs) : dice.between(0, habits.latencyMs / 2);
  }

  /** What a submission that has arrived is answered; null for nothing. */
  submit(taskId: string): HttpCall | null {
    const { habits, ledger, dice } = this.#parts;
    const trouble = this.#trouble('submit');
    if (trouble === null && habits.threads !== null && this.#working() >= habits.threads) {
      ledger.count('submit: every thread taken');
      return wire.noSlot;
    }
    if (trouble !== null && !dice.chance(trouble.accepts)) return trouble.httpCall;
    const accepted = ledger.accept(taskId);
    this.#begin(accepted);
    if (trouble !== null) ledger.count('submit: accepted, and the answer lost');
    return trouble === null ? wire.accepted(accepted.captchaId) : trouble.httpCall;
  }

  /** What a poll that has arrived is answered; null for nothing. */
  poll(captchaId: string): HttpCall | null {
    const { clock } = this.#parts;
    const trouble = this.#trouble('poll');
    if (trouble !== null) return trouble.httpCall;
    const work = this.#works.get(captchaId);
    if (work === undefined) throw new Error(`nobody accepted ${captchaId}`);
    return clock.nowMs() < work.readyMs ? wire.notReady : work.end;
  }

  #begin({ captchaId, taskId }: Accepted): void {
    const { clock, dice, habits } = this.#parts;
    const isCalm = clock.nowMs() >= habits.calmFromMs;
    const isGivenUp = !isCalm && dice.chance(habits.unsolvableRatio);
    const end = isGivenUp
      ? dice.oneOf([wire.unsolvable, wire.unsolvable, wire.forgotten])
      : wire.solved(`token of ${taskId}`);
    const solveMs = isCalm ? 1_000 : dice.between(0, habits.solveMs);
    this.#works.set(captchaId, { readyMs: clock.nowMs() + solveMs, end });
  }

  #working(): number {
    const nowMs = this.#parts.clock.nowMs();
    return [...this.#works.values()].filter(({ readyMs }) => nowMs < readyMs).length;
  }

  #trouble(call: 'submit' | 'poll'): wire.Trouble | null {
    const { clock, dice, habits, ledger } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs >= habits.calmFromMs) return null;
    const spell = habits.spells.find(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
    const byChance = dice.chance(habits.troubleRatio) ? dice.oneOf(wire.troubles) : null;
    const trouble = spell?.trouble ?? byChance;
    if (trouble === null || (trouble.only ?? call) !== call) return null;
    ledger.count(`${call}: ${trouble.name}`);
    return trouble;
  }
}
