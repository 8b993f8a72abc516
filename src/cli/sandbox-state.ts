import type { Task } from '../domain/task.ts';
import type { Context } from './context.ts';

/** Enough tasks, and failures among them, for retries to be seen. */
const taskCount = 12;
const faults = ['submit/503:0.3'];

const taskOf = (number: number): Task => ({
  ...{ taskId: `task-${number}`, method: 'turnstile', sitekey: '0x4AAAAAAASANDBOX', body: null, params: {} },
  ...{ pageurl: `https://example.com/${number}`, region: null, rule: null },
});

/** With `--sandbox`, the command gets a state of its own, as if other processes shared it. */
export function shareSandboxState(
  { globals, scriptSandbox }: Context,
  flags: { fault?: readonly string[] } = {},
): void {
  if (globals.sandbox) scriptSandbox(flags, { sharesState: true });
}

/** With `--sandbox`, solves some tasks of which submissions fail, so that the shared state has something to show. */
export async function fillSandboxState(context: Context): Promise<void> {
  const { globals, interrupt, terminal } = context;
  if (!globals.sandbox) return;
  shareSandboxState(context, { fault: faults });
  terminal.note(`sandbox: ${taskCount} tasks, of whose submissions about 30 % fail, for this command only`);
  // A breaker that opens must not delay the command.
  const quick = { 'retry.baseDelay': '100ms', 'solve.timeout': '3s' };
  const overrides = Object.entries(quick).map(([path, value]) => ({ path, value, from: '--sandbox' }));
  const session = await context.session({ overrides, allowFastPolling: true, writer: { command: 'sandbox' } });
  try {
    const solver = session.solver(() => undefined, { onExhausted: 'wait' });
    await Promise.all(Array.from({ length: taskCount }, (_, index) => solver.solve(taskOf(index + 1), interrupt.stop)));
  } finally {
    await session.close();
  }
}
