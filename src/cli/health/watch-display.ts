import { isServing } from '../../domain/region.ts';
import type { Clock } from '../../ports/clock.ts';
import { withoutControls } from '../output/control-characters.ts';
import { formatMoment } from '../output/format.ts';
import { renderScreen } from '../output/health-screen.ts';
import { healthDocument, renderHealth } from '../output/health-view.ts';
import type { Terminal } from '../output/terminal.ts';
import type { HealthFrame } from './health-frame.ts';
import { SignsOfLife } from './signs-of-life.ts';

/** Shows one look after the other. */
export interface WatchDisplay {
  show(frame: HealthFrame, changes: readonly string[]): Promise<void>;
  /** Leaves what is shown behind. */
  end(): Promise<void>;
}

export interface DisplayOptions {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** What is watched, in the words of a title. */
  readonly title: string;
  /** Told at the start; null for nothing. */
  readonly hint: string | null;
}

const nothing = (): Promise<void> => Promise.resolve();

/** A document per look on stdout; what changed is told to people as well. */
export function jsonDisplay({ terminal, hint }: DisplayOptions): WatchDisplay {
  if (hint !== null) terminal.note(hint);
  return {
    show: async (frame, changes) => {
      for (const change of changes) terminal.note(withoutControls(change));
      await terminal.json(healthDocument(frame));
    },
    end: nothing,
  };
}

const howMany = ({ regions }: HealthFrame): string =>
  `${regions.filter(({ status }) => isServing(status)).length} of ${regions.length} regions serve`;

/** Tables at the start, from then on a line for every change, and more and more rarely one that nothing changed. */
export function logDisplay({ terminal, clock, hint }: DisplayOptions): WatchDisplay {
  if (hint !== null) terminal.note(hint);
  const signs = new SignsOfLife();
  let isFirst = true;
  const look = { columns: null, style: (_: string, text: string) => text };
  return {
    show: async (frame, changes) => {
      const now = clock.timestamp();
      if (isFirst) await terminal.result(`${renderHealth(frame, { ...look, now })}\n`);
      if (isFirst || changes.length > 0) signs.told(clock.nowMs());
      isFirst = false;
      const news = signs.isDue(clock.nowMs()) ? [howMany(frame)] : changes;
      const lines = news.map((line) => `${formatMoment(now) ?? ''} ${withoutControls(line)}\n`);
      if (lines.length > 0) await terminal.result(lines.join(''));
    },
    end: nothing,
  };
}

const home = '\u001b[H';
const clearToLineEnd = '\u001b[K';
const clearBelow = '\u001b[J';
/** Of a terminal that does not say. */
const usualRows = 24;

/** One screen that is written over in place: at once, without being cleared first, so that nothing flickers. */
export function screenDisplay({ terminal, clock, title, hint }: DisplayOptions): WatchDisplay {
  // Below the tables, where the next look does not write it over.
  const happened: string[] = hint === null ? [] : [hint];
  let isFirst = true;
  const style = terminal.style.bind(terminal);
  return {
    show: async (frame, changes) => {
      const now = clock.timestamp();
      const time = `${formatMoment(now)?.slice(11, 19) ?? ''}Z`;
      happened.push(...changes.map((change) => `${time} ${withoutControls(change)}`));
      const [columns, rows] = [terminal.columns ?? 80, terminal.rows ?? usualRows];
      const look = { columns, rows, style, now, title: `${title}, ${time} (Ctrl-C ends)`, changes: happened };
      const lines = renderScreen(frame, look);
      // What stood there before scrolls up, where it can be found again.
      const makeRoom = isFirst ? '\n'.repeat(rows) : '';
      isFirst = false;
      await terminal.result(
        `${makeRoom}${home}${lines.map((line) => `${line}${clearToLineEnd}\n`).join('')}${clearBelow}`,
      );
    },
    // Behind the ^C that the terminal echoes.
    end: () => terminal.result('\n'),
  };
}
