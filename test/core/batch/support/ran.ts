import type { Fault } from '../../../../src/domain/fault.ts';
import type { Task } from '../../../../src/domain/task.ts';
import { aBatch, type BatchHarnessParts, someItems, streamOf } from '../../../support/batch-harness.ts';
import { type Script, type ScriptedAnswers, ScriptedApi } from '../../../support/scripted-api.ts';
import { wellBehaved } from '../../../support/solver-harness.ts';

/** A well-behaved service, except for these answers. */
export const scripted =
  (answers: Partial<ScriptedAnswers> = {}): BatchHarnessParts<ScriptedApi>['api'] =>
  (clock) =>
    new ScriptedApi({ ...wellBehaved, ...answers }, { clock });

/** Tasks with a fault get it for every submission. */
export const failing =
  (faults: Readonly<Record<string, Fault>>) =>
  ({ taskId }: Task): Script<'accepted'> => {
    const fault = faults[taskId];
    return fault === undefined ? [{ answer: 'accepted' }] : [{ fault }];
  };

/** A batch of `count` tasks, run to its end. */
export async function ran(count: number, parts: Partial<BatchHarnessParts<ScriptedApi>> = {}) {
  const batch = aBatch({ api: scripted(), ...parts });
  const running = batch.run(streamOf(someItems(count)));
  running.catch(() => undefined);
  await batch.clock.run();
  return { ...batch, running, ids: batch.rows.map((row) => row['task_id']) };
}
