import { withoutControls } from '../../cli/control-characters.ts';
import type { RegionQueueStatus } from '../../cli/fleet/region-queues.ts';
import { formatMs } from '../../cli/format.ts';
import { renderTable } from '../../cli/table.ts';
import type { DeadTask } from '../../ports/queues.ts';

interface QueueRow {
  readonly waiting: number | null;
  readonly inFlight: number | null;
  readonly error: string | null;
}

/** What `captcha queue show` has to say; null where it cannot be told. */
export interface QueueReport {
  readonly queues: readonly (QueueRow & {
    readonly region: string;
    readonly oldestAgeMs: number | null;
    readonly dead: number | null;
  })[];
  /** Null where no results queue is configured. */
  readonly results: QueueRow | null;
}

const rowOf = ({ depth, error }: RegionQueueStatus): QueueRow => ({
  waiting: depth?.waiting ?? null,
  inFlight: depth?.inFlight ?? null,
  error,
});

/** How full the queues are. */
export function queueReport(statuses: readonly RegionQueueStatus[]): QueueReport {
  const results = statuses.find(({ region }) => region === null);
  return {
    queues: statuses.flatMap((status) => {
      const { region, depth } = status;
      if (region === null) return [];
      const tasks = depth !== null && 'dead' in depth ? depth : { oldestAgeMs: null, dead: null };
      return [{ region, ...rowOf(status), oldestAgeMs: tasks.oldestAgeMs, dead: tasks.dead }];
    }),
    results: results === undefined ? null : rowOf(results),
  };
}

const count = (value: number | null): string => value?.toLocaleString('en-US') ?? '-';

/** The same as text. */
export function renderQueues({ queues, results }: QueueReport, columns: number | null): string {
  const rows = queues.map(({ region, waiting, inFlight, oldestAgeMs, dead, error }) => {
    const age = oldestAgeMs === null ? '-' : formatMs(oldestAgeMs);
    return [region, count(waiting), count(inFlight), age, count(dead), error ?? ''];
  });
  const last =
    results === null
      ? []
      : [['(results)', count(results.waiting), count(results.inFlight), '-', '-', results.error ?? '']];
  return renderTable(['queue', 'waiting', 'in flight', 'oldest', 'dead', 'error'], [...rows, ...last], columns);
}

/** What `captcha queue dead` has to say. */
export interface DeadReport {
  readonly region: string;
  /** How many there are; more than are listed where there are very many. Null where the engine cannot tell. */
  readonly count: number | null;
  readonly dead: readonly {
    readonly id: string;
    /** Null, like the method, for a message that this version cannot read. */
    readonly taskId: string | null;
    readonly method: string | null;
    readonly pageurl: string | null;
    readonly homeRegion: string | null;
    readonly deliveries: number;
    /** What was paid for and is polled when the task is queued again; null for none. */
    readonly captchaId: string | null;
    readonly reason: string | null;
  }[];
}

export function deadReport({
  region,
  deadTasks,
  count,
}: Pick<DeadReport, 'region' | 'count'> & { deadTasks: readonly DeadTask[] }): DeadReport {
  return {
    region,
    count,
    dead: deadTasks.map(({ id, queued, deliveries, reason }) => ({
      id,
      taskId: queued?.task.taskId ?? null,
      method: queued?.task.method ?? null,
      pageurl: queued?.task.pageurl ?? null,
      homeRegion: queued?.homeRegion ?? null,
      deliveries,
      captchaId: queued?.progress.state === 'submitted' ? queued.progress.captchaId : null,
      reason,
    })),
  };
}

const deadHead = ['id', 'task', 'method', 'page', 'deliveries', 'paid for', 'reason'];

/** Ids are there to be copied: on a screen, where a table would cut them, each has a line of its own. */
function renderDeadTask({
  id,
  taskId,
  method,
  pageurl,
  deliveries,
  captchaId,
  reason,
}: DeadReport['dead'][number]): string {
  const about = [taskId, method, pageurl].filter((each) => each !== null).join(', ') || 'not a task';
  const paid = captchaId === null ? [] : [`${captchaId} is paid for`];
  const why = [reason ?? `delivered ${deliveries} times`, ...paid].join('; ');
  return [id, `  ${about}`, `  ${why}`].map(withoutControls).join('\n');
}

/** The same as text. `columns` is null off a screen, where every letter is a line. */
export function renderDead({ region, dead, count: total }: DeadReport, columns: number | null): string {
  if (dead.length === 0) return `No dead letters in ${region}.\n`;
  const more = Math.max(0, (total ?? 0) - dead.length);
  const end = more > 0 ? `... and ${count(more)} more\n` : '';
  if (columns !== null) return `${dead.map(renderDeadTask).join('\n')}\n${end}`;
  const rows = dead.map(({ id, taskId, method, pageurl, deliveries, captchaId, reason }) => {
    return [id, taskId ?? '-', method ?? '-', pageurl ?? '-', String(deliveries), captchaId ?? '-', reason ?? '-'];
  });
  return `${renderTable(deadHead, rows, null)}${end}`;
}

/** What `captcha queue requeue` did. */
export function renderRequeued(count: number): string {
  return count === 1 ? '1 task requeued\n' : `${count.toLocaleString('en-US')} tasks requeued\n`;
}
