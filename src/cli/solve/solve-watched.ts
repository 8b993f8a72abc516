import type { SolverEvent } from '../../domain/events.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { Context, Session } from '../context.ts';
import { renderEvent } from '../output/event-view.ts';
import { type Progress, startProgress } from '../output/progress.ts';
import { collectHint } from '../output/solve-view.ts';

/** Follows the id that is paid for, and tells the person about it when Ctrl-C is pressed. */
class Watch {
  readonly #context: Context;
  readonly #progress: Progress;
  #liveId: string | null = null;
  #isSubmitting = false;

  constructor(context: Context, progress: Progress) {
    this.#context = context;
    this.#progress = progress;
    context.interrupt.listen({ onFirst: () => this.#sayWhatGoesOn(), onSecond: () => this.sayWhatIsLeft() });
  }

  show(event: SolverEvent): void {
    const { terminal, interrupt } = this.#context;
    const { level, text } = renderEvent(event);
    terminal.note(text, { level, fields: { event } });
    this.#progress.update(text);
    if (event.type === 'submitting' || event.type === 'submitted' || event.type === 'attempt-failed') {
      this.#isSubmitting = event.type === 'submitting';
    }
    if (event.type === 'attempt-failed' && event.fault.kind === 'unsolvable') this.#liveId = null;
    if (event.type !== 'submitted') return;
    this.#liveId = event.captchaId;
    if (interrupt.stop.aborted) this.#sayWhatGoesOn();
  }

  /** Names what was paid for, or may be: whatever ends the command now, a person can collect it. */
  sayWhatIsLeft(): void {
    // The process may end by a signal, which leaves a hidden cursor hidden.
    this.#progress.stop();
    const { terminal } = this.#context;
    if (this.#liveId !== null) terminal.error(collectHint(this.#liveId));
    else if (this.#isSubmitting) terminal.error('a submission was under way: it may have been charged');
  }

  #sayWhatGoesOn(): void {
    const id = this.#liveId;
    const underWay = this.#isSubmitting ? 'stopping: a submission is under way, and its id not known yet' : 'stopping';
    const what = id === null ? underWay : `stopping: ${id} is paid for and still polled`;
    const hint = id === null ? '' : `\n  ${collectHint(id)}`;
    this.#context.terminal.error(`${what}; Ctrl-C again leaves at once${hint}`);
  }
}

/** Solves a task in the view of a person: its steps on stderr, a spinner on a terminal, Ctrl-C heard. */
export async function solveWatched(
  task: Task,
  onExhausted: 'fail' | 'wait',
  { context, session }: { context: Context; session: Session },
): Promise<Outcome> {
  const progress = await startProgress(context.terminal, context.env, `solving ${task.method}`);
  const watch = new Watch(context, progress);
  try {
    return await session.solver((event) => watch.show(event), { onExhausted }).solve(task, context.interrupt.stop);
  } catch (error) {
    watch.sayWhatIsLeft();
    throw error;
  } finally {
    progress.stop();
  }
}
