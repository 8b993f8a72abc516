import { priorRunInRow, rowOfResult } from '../../src/cli/result-row.ts';
import { type BatchItem, type BatchResult, isBegunAgain } from '../../src/core/batch/batch-plan.ts';
import { ConcurrencyLimit } from '../../src/core/batch/concurrency-limit.ts';
import { runBatch } from '../../src/core/batch/run-batch.ts';
import { solveItem } from '../../src/core/batch/solve-item.ts';
import { type StopReason, StopRules } from '../../src/core/batch/stop-rules.ts';
import type { TaskJournal } from '../../src/ports/files.ts';
import { aTask } from '../support/builders.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { CrashingProcess } from '../support/crashing-process.ts';
import type { Host } from './host.ts';
import { type BatchSchedule, lastLife, type Life } from './schedule.ts';
import { keyOf } from './task-key.ts';

type Values = Readonly<Record<string, string>>;

/** The result of one run of a batch. */
export interface Lived {
  readonly process: string;
  readonly life: Life;
  readonly startedMs: number;
  /** How it ended: by itself, by a disk error, or killed; null if it hangs. */
  end: { readonly reason: StopReason | null } | 'error' | 'killed' | null;
  /** The content of its output. */
  readonly rows: Values[];
  begun: number;
  interruptedMs: number | null;
}

/** Number of final runs: an id that was given up needs one for its answer and one for the next submission. */
const lastLives = 3;

/** A batch through all its runs, some of which are killed. */
export class BatchProcess {
  readonly items: readonly BatchItem[];
  readonly lived: Lived[] = [];
  readonly disk: MemoryDisk;
  /** The journal after each crash. */
  readonly wrecks: Buffer[] = [];
  readonly #name: string;
  readonly #host: Host;
  readonly #schedule: BatchSchedule;

  constructor(name: string, schedule: BatchSchedule, host: Host) {
    this.#name = name;
    this.#host = host;
    this.#schedule = schedule;
    this.disk = new MemoryDisk({ habits: schedule.disk, clock: host.clock, generator: host.generator });
    this.items = host.generator.some(schedule.tasks, (index) => {
      const taskId = `${name}-t${index + 1}`;
      return { key: keyOf(taskId), line: 2, task: aTask({ taskId }), priority: 0, values: { task_id: taskId } };
    });
  }

  async live(): Promise<void> {
    const { clock, schedule } = this.#host;
    for (const life of this.#schedule.lives) {
      await clock.sleep(life.downMs);
      await this.#liveOnce(life);
    }
    await clock.sleep(schedule.service.calmFromMs - clock.nowMs());
    this.disk.isWell = true;
    for (let left = lastLives; left > 0 && !this.#isDone(); left -= 1) {
      await clock.sleep(lastLife.downMs);
      await this.#liveOnce(lastLife);
    }
  }

  #isDone(): boolean {
    const { life, rows } = this.lived.at(-1) ?? { life: null, rows: [] };
    return life === lastLife && rows.every((row) => row['status'] === 'solved');
  }

  async #liveOnce(life: Life): Promise<void> {
    const { ledger, clock } = this.#host;
    const process = new CrashingProcess(`${this.#name}#${this.lived.length + 1}`, life.steps ?? Infinity);
    const lived: Lived = {
      ...{ process: process.name, life, startedMs: clock.nowMs(), end: null, rows: [], begun: 0, interruptedMs: null },
    };
    this.lived.push(lived);
    this.#tellWhatIsKnown(process.name);
    const end = this.#run(process, lived).then(
      (reason) => ({ reason }),
      (error: unknown) => {
        if (!(error instanceof Error && error.message.startsWith('ENOSPC'))) throw error;
        return 'error' as const;
      },
    );
    lived.end = await Promise.race([end, process.killed]);
    ledger.trace(process.name, `ends: ${JSON.stringify(lived.end)}`);
    ledger.goneMs.set(process.name, clock.nowMs());
    if (lived.end !== 'killed') process.kill();
    else this.#crash();
    this.#countEnd(lived);
  }

  #crash(): void {
    if (this.disk.crash() > 0) this.#host.ledger.count('crash: journal torn');
    this.wrecks.push(this.disk.bytes);
  }

  /** The observer reads the disk itself: the next run knows everything on it. */
  #tellWhatIsKnown(process: string): void {
    const { bytes } = this.disk;
    // Bytes after the last newline are torn.
    const text = bytes.toString('utf8', 0, bytes.lastIndexOf(10) + 1);
    for (const [, captchaId = ''] of text.matchAll(/"id":"(c\d+)"/g)) {
      this.#host.ledger.acceptedAs(captchaId).knownTo.add(process);
    }
  }

  async #run(process: CrashingProcess, lived: Lived): Promise<StopReason | null> {
    const journal = await this.disk.openJournal(process);
    try {
      return await this.#runWith(journal, process, lived);
    } finally {
      // A disk error is reported by the caller that awaits the run.
      await journal.close().catch(() => undefined);
    }
  }

  async #runWith(journal: TaskJournal, process: CrashingProcess, lived: Lived): Promise<StopReason | null> {
    const clock = this.#host.clockOf(process);
    const { life, rows } = lived;
    const { concurrency, orderWindow, solver: options } = this.#schedule;
    const resolveExpiredAt = life.resolveExpired ? clock.timestamp() : null;
    const resume = { retryFailed: life.retryFailed, leaveInDoubt: life.leaveInDoubt, resolveExpiredAt };
    if (orderWindow === null) {
      for await (const finished of journal.finishedTasks()) {
        if (!isBegunAgain(finished, resume)) rows.push(finished.values);
      }
    }
    const solverOptions =
      life === lastLife ? ({ ...options, onExhausted: 'pause', timeoutMs: 300_000 } as const) : options;
    const rules = new StopRules(life.bounds, this.#interrupt(process, lived), { clock });
    const limit = new ConcurrencyLimit(concurrency, { clock });
    const solver = this.#host.solverFor(process, { options: solverOptions, disk: this.disk });
    return runBatch(
      streamOf(this.items),
      { ...resume, orderWindow, inputMayStall: false },
      {
        ...{ journal, rules, limit, rowOf: rowOfResult, priorRunIn: priorRunInRow },
        solve: (work) => solveItem(work, { solver, journal, rules, clock }),
        sink: { write: (values) => process.take(() => void rows.push(values)) },
        record: (result) => this.#record(result, lived),
      },
    );
  }

  #record({ outcome, expired }: BatchResult, lived: Lived): void {
    const { ledger } = this.#host;
    lived.begun += 1;
    ledger.count(`row: ${outcome.status === 'solved' ? 'solved' : outcome.reason}`);
    if (expired) ledger.count('row: expired when it was written');
  }

  #interrupt(process: CrashingProcess, lived: Lived): AbortSignal {
    const { clock } = this.#host;
    const interrupt = new AbortController();
    const { interruptAtMs } = lived.life;
    if (interruptAtMs !== null) {
      void clock.sleep(interruptAtMs).then(() => {
        if (process.isDead) return;
        lived.interruptedMs = clock.nowMs();
        interrupt.abort();
      });
    }
    return interrupt.signal;
  }

  #countEnd({ end }: Lived): void {
    const how = typeof end === 'string' || end === null ? end : (end.reason ?? 'all done');
    this.#host.ledger.count(`run ended: ${how}`);
  }
}

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
