import type { ConnectedWorker } from '../../ports/redis-condition.ts';
import type { ResultDepth } from '../../ports/result-queue.ts';
import type { QueueDepth } from '../../ports/task-queue.ts';
import { formatMs } from '../output/format.ts';
import { combined, failure, type Finding, ok, warning } from './finding.ts';
import type { Problem } from './problem.ts';
import { reachFix } from './reach-fix.ts';

/** What was seen in a queue. */
export interface QueueSight {
  /** Null for the results of all regions. */
  readonly region: string | null;
  readonly seen: { readonly depth: QueueDepth | ResultDepth } | { readonly problem: Problem };
  /** Those that are connected to it; null where its engine cannot tell. */
  readonly workers: readonly ConnectedWorker[] | null;
}

function workersText(workers: QueueSight['workers']): string {
  if (workers === null) return '';
  if (workers.length === 0) return '; no workers';
  const oldest = formatMs(Math.max(...workers.map(({ ageMs }) => ageMs)));
  return workers.length === 1 ? `; 1 worker, for ${oldest}` : `; ${workers.length} workers, the oldest for ${oldest}`;
}

function checkTasks(region: string, depth: QueueDepth, workers: QueueSight['workers']): Finding {
  const { waiting, inFlight, oldestAgeMs, dead } = depth;
  const oldest = oldestAgeMs === null ? '' : ` (the oldest for ${formatMs(oldestAgeMs)})`;
  const deadText = dead === null ? '' : `, ${dead} dead`;
  const found = `${region}: ${waiting} waiting${oldest}, ${inFlight} in work${deadText}${workersText(workers)}`;
  const nobody = warning(found, `captcha worker --region ${region}, or see why its platform starts none`);
  const letters = warning(
    found,
    `captcha queue dead ${region} says why, captcha queue requeue ${region} queues them again`,
  );
  const noLetters = warning(`${found}; no dead-letter queue`, `give the queue of ${region} a redrive policy`);
  return combined([
    ok(found),
    ...(waiting > 0 && workers?.length === 0 ? [nobody] : []),
    ...(dead !== null && dead > 0 ? [letters] : []),
    ...(dead === null ? [noLetters] : []),
  ]);
}

/** How full a queue is, whether somebody works on it, and what stays in it for ever. */
export function checkDepth({ region, seen, workers }: QueueSight): Finding {
  if ('problem' in seen) {
    const { message, hint } = seen.problem;
    return failure(`${region ?? 'results'}: ${message}`, hint ?? reachFix(message));
  }
  const { depth } = seen;
  if (region !== null && 'dead' in depth) return checkTasks(region, depth, workers);
  return ok(`results: ${depth.waiting} waiting, ${depth.inFlight} with a reader`);
}
