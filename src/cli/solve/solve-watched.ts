import type { Outcome } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { Context, Session } from '../context.ts';
import { renderEvent } from '../output/event-view.ts';
import { startProgress } from '../output/progress.ts';
import { collectHint } from '../output/solve-view.ts';

/** Tells the person at the first Ctrl-C what goes on, and at the second what is left behind. */
function listen({ interrupt, terminal }: Context, liveId: () => string | null): void {
  interrupt.listen({
    onFirst: () => {
      const id = liveId();
      const what = id === null ? 'stopping' : `stopping: ${id} is paid for and still polled; Ctrl-C again leaves at once`;
      terminal.error(id === null ? what : `${what}\n  ${collectHint(id)}`);
    },
    onSecond: () => {
      const id = liveId();
      if (id !== null) terminal.error(collectHint(id));
    },
  });
}

/** Solves a task in the view of a person: its steps on stderr, a spinner on a terminal, Ctrl-C heard. */
export async function solveWatched(
  task: Task,
  onExhausted: 'fail' | 'wait',
  { context, session }: { context: Context; session: Session },
): Promise<Outcome> {
  const { terminal, interrupt, env } = context;
  let liveId: string | null = null;
  listen(context, () => liveId);
  const progress = await startProgress(terminal, env, `solving ${task.method}`);
  const solver = session.solver((event) => {
    if (event.type === 'submitted') liveId = event.captchaId;
    if (event.type === 'attempt-failed' && event.fault.kind === 'unsolvable') liveId = null;
    const { level, text } = renderEvent(event);
    terminal.note(text, { level, fields: { event } });
    progress.update(text);
  }, onExhausted);
  try {
    return await solver.solve(task, interrupt.stop);
  } finally {
    progress.stop();
  }
}
