import { retriesWithReason } from './invariants/attempts.ts';
import {
  endsAll,
  journalsAll,
  keepsTheOrder,
  keepsToBounds,
  marksDoubt,
  solvesAll,
  writesEachRowOnce,
} from './invariants/batch.ts';
import { asksOneAtATime, probesOneAtATime } from './invariants/breaker.ts';
import { keepsToTheBudget } from './invariants/budget.ts';
import { callsInTime, endsInTime, submitsNothingOnceStopped } from './invariants/deadline.ts';
import { keepsToThePacingRule } from './invariants/polls.ts';
import type { Simulated } from './simulate.ts';

/** The invariants; a violation is a sentence. All of them use only the world's own ledger. */
export const invariants: Readonly<Record<string, (simulated: Simulated) => Iterable<string>>> = {
  'no task is lost': endsAll,
  'every task has exactly one row in the end': writesEachRowOnce,
  'every task is solved once the service is well': solvesAll,
  'rows are in the order of the input where that is wanted': keepsTheOrder,
  'a submission whose answer never came marks its row': marksDoubt,
  'a run keeps to its bounds': keepsToBounds,
  'the journal can be resumed': journalsAll,
  'a task is submitted again only for a reason': retriesWithReason,
  'the budget is never exceeded': keepsToTheBudget,
  'no id is polled faster than the pacing rule allows': keepsToThePacingRule,
  'there is one probe at a time': probesOneAtATime,
  'a service that is down is asked by one submission at a time': asksOneAtATime,
  'no call is made at or after the deadline': callsInTime,
  'a task ends by its deadline': endsInTime,
  'nothing is submitted once it was stopped': submitsNothingOnceStopped,
};
