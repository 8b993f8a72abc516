import type { Context } from '../context.ts';
import { budgetLine, type BudgetReport, renderBudget } from '../output/budget-view.ts';
import { formatMoment, formatMs } from '../output/format.ts';

const home = '\u001b[H';
const clearToLineEnd = '\u001b[K';
const clearBelow = '\u001b[J';

type Show = (report: BudgetReport) => Promise<void>;

/** One screen that is written over in place; a line for every change where nothing can be redrawn. */
function showFor({ globals, terminal, clock, env }: Context, everyMs: number): Show {
  if (globals.json) return (report) => terminal.json({ ...report, at: formatMoment(clock.timestamp()) });
  let before = '';
  const { columns } = terminal;
  if (columns === null || env['TERM'] === 'dumb') {
    return async (report) => {
      const line = budgetLine(report);
      if (line !== before) await terminal.result(`${formatMoment(clock.timestamp()) ?? ''} ${line}\n`);
      before = line;
    };
  }
  return async (report) => {
    const title = `captcha budget, every ${formatMs(everyMs)} (Ctrl-C ends)`;
    const lines = [title, '', ...renderBudget(report, columns).trimEnd().split('\n')];
    const makeRoom = before === '' ? '\n'.repeat(terminal.rows ?? lines.length) : '';
    before = title;
    const screen = lines.map((line) => `${line}${clearToLineEnd}\n`).join('');
    await terminal.result(`${makeRoom}${home}${screen}${clearBelow}`);
  };
}

/** Shows the report again and again, until a signal ends it: its regular end. */
export async function watchBudget(look: () => Promise<BudgetReport>, everyMs: number, context: Context): Promise<void> {
  const { clock, interrupt } = context;
  const show = showFor(context, everyMs);
  interrupt.listen({ onFirst: () => undefined, onSecond: () => undefined });
  while (!interrupt.stop.aborted) {
    await show(await look());
    await clock.sleep(everyMs, interrupt.stop);
  }
  interrupt.markDrained();
}
