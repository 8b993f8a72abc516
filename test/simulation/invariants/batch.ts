import type { BatchProcess, Lived } from '../batch-process.ts';
import type { Simulated } from '../simulate.ts';
import { submissionsOf } from './submissions.ts';

const idsOf = (rows: Lived['rows']): string[] => rows.map((row) => row['task_id'] ?? '');
const lastOf = ({ lived }: BatchProcess): Lived => lived.at(-1)!;
const endedByItself = ({ end }: Lived): boolean => end !== null && typeof end === 'object';

/** Every run and every solve ends. */
export function* endsAll({ batches, solves, ledger }: Simulated): Iterable<string> {
  for (const { process, end } of batches.flatMap(({ lived }) => lived)) if (end === null) yield `${process} hangs`;
  for (const [index, end] of solves.entries()) {
    const outcomes = ledger.taskRuns.filter(
      ({ process, outcome }) => process === `solve${index + 1}` && outcome !== null,
    );
    if (end === null) yield `solve${index + 1} hangs`;
    if (end === 'ended' && outcomes.length !== 1) yield `solve${index + 1} has ${outcomes.length} outcomes`;
  }
}

function* repeated(ids: readonly string[]): Iterable<string> {
  for (const id of new Set(ids)) if (ids.filter((each) => each === id).length > 1) yield id;
}

/** At the end, and in every run that ends by itself, no row occurs twice. */
export function* writesEachRowOnce({ batches }: Simulated): Iterable<string> {
  for (const batch of batches) {
    for (const lived of batch.lived.filter(endedByItself)) {
      for (const id of repeated(idsOf(lived.rows))) yield `${lived.process}: ${id} twice`;
    }
    const ids = new Set(idsOf(lastOf(batch).rows));
    for (const { task } of batch.items) if (!ids.has(task.taskId)) yield `${task.taskId} has no row`;
    if (ids.size > batch.items.length) yield 'rows of nobody';
  }
}

/** Every row has its own solution. */
export function* solvesAll({ batches }: Simulated): Iterable<string> {
  for (const row of batches.flatMap((batch) => lastOf(batch).rows)) {
    const { task_id: taskId = '', status = '', solution, reason = '' } = row;
    if (status !== 'solved') yield `${taskId} is ${status}: ${reason}`;
    else if (solution !== `token of ${taskId}`) yield `${taskId} has ${solution ?? ''}`;
  }
}

export function* keepsTheOrder({ batches, schedule }: Simulated): Iterable<string> {
  for (const [index, { lived }] of batches.entries()) {
    if (schedule.batches[index]?.orderWindow === null) continue;
    for (const { process, rows } of lived) {
      const places = idsOf(rows).map((id) => Number(/\d+$/.exec(id)?.[0]));
      if (places.some((place, at) => place < (places[at - 1] ?? 0))) yield `${process}: ${places.join()}`;
    }
  }
}

/** No process received the id, or none lived long enough to record it. */
export function* marksDoubt({ batches, ledger }: Simulated): Iterable<string> {
  for (const batch of batches) {
    const { process, rows } = lastOf(batch);
    const unknown = ledger.accepted.filter(({ knownTo }) => !knownTo.has(process));
    for (const { taskId, captchaId } of unknown) {
      const row = rows.find((each) => each['task_id'] === taskId);
      if (row !== undefined && row['possibly_charged'] !== 'true') yield `${taskId}, of which nobody knew ${captchaId}`;
    }
  }
}

export function* keepsToBounds({ batches, ledger }: Simulated): Iterable<string> {
  for (const { process, life, begun } of batches.flatMap(({ lived }) => lived)) {
    const { maxSubmissions, limit } = life.bounds;
    const calls = ledger.taskRuns.filter((taskRun) => taskRun.process === process).flatMap(submissionsOf);
    const counted = calls.filter(({ fault }) => fault?.threadsFull !== true && fault?.neverSent !== true).length;
    if (counted > (maxSubmissions ?? Infinity)) yield `${process}: ${counted} submissions`;
    if (begun > (limit ?? Infinity)) yield `${process}: ${begun} tasks`;
  }
}

/** The rows that a run reported but the next run does not have. */
function lostRows(told: Lived, { life, rows, end }: Lived): string[] {
  if (end === null || typeof end !== 'object' || life.retryFailed || life.resolveExpired) return [];
  const ids = new Set(idsOf(rows));
  return idsOf(told.rows).filter((id) => !ids.has(id));
}

/** Also after a crash: written rows were in the journal before. Throws if a journal cannot be opened. */
export function* journalsAll({ batches }: Simulated): Iterable<string> {
  for (const { lived } of batches) {
    for (const [index, later] of lived.slice(1).entries()) {
      for (const id of lostRows(lived[index]!, later)) yield `${later.process} has lost the row of ${id}`;
    }
  }
}
