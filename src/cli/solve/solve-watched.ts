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

  constructor(context: Context, progress: Progress) {
    this.#context = context;
    this.#progress = progress;
    context.interrupt.listen({ onFirst: () => this.#sayWhatGoesOn(), onSecond: () => this.#sayWhatIsLeft() });
  }

  show(event: SolverEvent): void {
    const { terminal, interrupt } = this.#context;
    const { level, text } = renderEvent(event);
    terminal.note(text, { level, fields: { event } });
    this.#progress.update(text);
    if (event.type === 'attempt-failed' && event.fault.kind === 'unsolvable') this.#liveId = null;
    if (event.type !== 'submitted') return;
    this.#liveId = event.captchaId;
    if (interrupt.stop.aborted) this.#sayWhatGoesOn();
  }

  #sayWhatGoesOn(): void {
    const id = this.#liveId;
    const what = id === null ? 'stopping' : `stopping: ${id} is paid for and still polled`;
    const hint = id === null ? '' : `\n  ${collectHint(id)}`;
    this.#context.terminal.error(`${what}; Ctrl-C again leaves at once${hint}`);
  }

  #sayWhatIsLeft(): void {
    // The process ends by the signal, which leaves a hidden cursor hidden.
    this.#progress.stop();
    if (this.#liveId !== null) this.#context.terminal.error(collectHint(this.#liveId));
  }
}

/** Solves a task in the view of a person: its steps on stderr, a spinner on a terminal, Ctrl-C heard. */
export async function solveWatched(
  task: Task,
  onExhausted: 'fail' | 'wait',
  { context, session }: { context: Context; session: Session },
): Promise<Outcome> {
  const progress = await startProgress(context.terminal, context.env, `solving ${task.method}`);
  try {
    const watch = new Watch(context, progress);
    return await session.solver((event) => watch.show(event), { onExhausted }).solve(task, context.interrupt.stop);
  } finally {
    progress.stop();
  }
}
