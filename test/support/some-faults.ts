import fc from 'fast-check';
import type { Fault, FaultKind } from '../../src/domain/fault.ts';
import type { PollAnswer } from '../../src/ports/api.ts';
import { aFault } from './builders.ts';
import { notReady, ready, type Script, type Step } from './scripted-api.ts';

const retryAfterMs = fc.option(fc.integer({ min: 0, max: 90_000 }), { freq: 3 });

function faultOf(kinds: readonly FaultKind[], answerLost: fc.Arbitrary<boolean>): fc.Arbitrary<Fault> {
  const code = fc.constantFrom(null, 'ERROR_A', 'ERROR_B');
  const maxResubmissions = fc.option(fc.integer({ min: 0, max: 2 }), { freq: 3 });
  return fc
    .record({ kind: fc.constantFrom(...kinds), code, retryAfterMs, maxResubmissions, answerLost })
    .map((special) => aFault(special));
}

const passing: FaultKind[] = ['transport', 'timeout', 'throttled', 'unsolvable'];
const final: FaultKind[] = ['rejected', 'account'];

const submitFault = fc.oneof(
  { weight: 6, arbitrary: faultOf(passing, fc.boolean()) },
  { weight: 1, arbitrary: faultOf(final, fc.constant(false)) },
);
const pollFault = fc.oneof(
  { weight: 6, arbitrary: faultOf(passing, fc.constant(false)) },
  { weight: 1, arbitrary: faultOf(final, fc.constant(false)) },
);

function steps<T>(step: fc.Arbitrary<Step<T>>): fc.Arbitrary<Script<T>> {
  return fc.array(step, { minLength: 1, maxLength: 6 }).map((some) => some as unknown as Script<T>);
}

const latencyMs = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 3_000 }),
  fc.integer({ min: 1, max: 100_000 }),
  fc.double({ min: 0, max: 10, noNaN: true }),
);

/** Submissions that are accepted, fail or are slow, with a bias to interesting cases. */
export const someSubmits: fc.Arbitrary<Script<'accepted'>> = steps(
  fc.oneof(
    fc.record({ latencyMs, answer: fc.constant('accepted' as const) }),
    fc.record({ latencyMs, fault: submitFault }),
  ),
);

/** Polls that find the solution, nothing yet, or a fault. */
export const somePolls: fc.Arbitrary<Script<PollAnswer>> = steps(
  fc.oneof(
    fc.record({ latencyMs, answer: fc.constantFrom(notReady, notReady, ready) }),
    fc.record({ latencyMs, fault: pollFault }),
  ),
);
