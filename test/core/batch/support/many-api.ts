import { describeFault, type Fault, ProviderFault } from '../../../../src/domain/fault.ts';
import type { Solution } from '../../../../src/domain/outcome.ts';
import type { CallLimits, ManyPolls, PollAnswer, SolverApi } from '../../../../src/ports/api.ts';
import type { Clock } from '../../../../src/ports/system.ts';

type ManyAnswers = readonly (PollAnswer | null)[];

/** One request for solutions. */
export interface Look {
  readonly ids: readonly string[];
  readonly atMs: number;
  readonly timeLeftMs: number;
}

export interface ManyApiParts {
  readonly clock: Clock;
  /** The answer of one id at a moment; by default its token, ready at once. */
  readonly answer?: (id: string, atMs: number) => PollAnswer | Fault;
  /** What becomes of the right answers for several ids; `count` is that of such requests, from 1. */
  readonly spoil?: (answers: ManyAnswers, count: number) => ManyAnswers | Fault | null;
}

export const tokenOf = (id: string): string => `token-of-${id}`;
export const solved = (text: string, fields: Solution['fields'] = {}): PollAnswer => ({
  ready: true,
  solution: { text, fields },
});
export const rejected = describeFault({ kind: 'rejected', code: 'ERROR_WRONG_ID_FORMAT', message: 'no such id' });

function orThrow<T>(answer: T | Fault): T {
  if (typeof answer === 'object' && answer !== null && 'kind' in answer) throw new ProviderFault(answer);
  return answer;
}

/** A service in memory that answers for several ids, and keeps every look. Its ids are 1, 2 and so on. */
export class ManyApi implements SolverApi, ManyPolls {
  readonly looks: Look[] = [];
  readonly #parts: ManyApiParts;
  #idCount = 0;
  #groupCount = 0;

  constructor(parts: ManyApiParts) {
    this.#parts = parts;
  }

  /** The looks at several ids. */
  get groups(): readonly Look[] {
    return this.looks.filter(({ ids }) => ids.length > 1);
  }

  async submit(): Promise<string> {
    return String((this.#idCount += 1));
  }

  async poll(id: string, { timeLeftMs }: CallLimits): Promise<PollAnswer> {
    return orThrow(this.#look([id], timeLeftMs)[0]!);
  }

  async pollMany(ids: readonly string[], { timeLeftMs }: CallLimits): Promise<ManyAnswers | null> {
    // A code among several answers is left to the id itself.
    const answers = this.#look(ids, timeLeftMs).map((answer) => ('kind' in answer ? null : answer));
    const { spoil } = this.#parts;
    this.#groupCount += 1;
    return spoil === undefined ? answers : orThrow(spoil(answers, this.#groupCount));
  }

  #look(ids: readonly string[], timeLeftMs: number): readonly (PollAnswer | Fault)[] {
    const { answer = (id: string) => solved(tokenOf(id)), clock } = this.#parts;
    const atMs = clock.nowMs();
    this.looks.push({ ids, atMs, timeLeftMs });
    return ids.map((id) => answer(id, atMs));
  }
}
