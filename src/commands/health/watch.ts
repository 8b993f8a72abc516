import type { Context } from '../../cli/context.ts';
import { withoutControls } from '../../cli/control-characters.ts';
import { formatMoment, formatMs } from '../../cli/format.ts';
import { describeChanges } from '../../cli/regions/health-format.ts';
import { frameOf, type HealthFrame } from '../../cli/regions/health-report.ts';
import type { Terminal } from '../../cli/terminal.ts';
import type { Config } from '../../config/schema.ts';
import type { HealthTargets } from '../../core/regions/probe-regions.ts';
import { StatusRecord } from '../../core/regions/status-history.ts';
import { watchRegions } from '../../core/regions/watch-regions.ts';
import { isServing } from '../../domain/region.ts';
import type { RegionProbe } from '../../ports/api.ts';
import type { Clock } from '../../ports/system.ts';
import { ChangeHook } from './on-change.ts';
import { renderScreen } from './screen.ts';
import { healthDocument, renderHealth } from './view.ts';

/** The first pause between two signs of life, and the longest, in ms. */
const firstPauseMs = 1_000;
const maxPauseMs = 60 * 60 * 1_000;

/**
 * When a log that has nothing to tell says so: soon after it told something, then twice as long after that, and so on up
 * to an hour. Nothing else shows that the reader of a pipe has gone: Node.js notices it when it writes, and writing
 * nothing does not count.
 */
class Heartbeats {
  #pauseMs = firstPauseMs;
  #updatedMs = 0;

  /** Something was printed at `nowMs`. */
  recordUpdate(nowMs: number): void {
    this.#updatedMs = nowMs;
    this.#pauseMs = firstPauseMs;
  }

  /** Whether it is time for a sign; true starts the next pause. */
  isDue(nowMs: number): boolean {
    const silentMs = nowMs - this.#updatedMs;
    if (silentMs < this.#pauseMs) return false;
    this.#updatedMs = nowMs;
    this.#pauseMs = Math.min(2 * Math.max(this.#pauseMs, silentMs), maxPauseMs);
    return true;
  }
}

/** Shows one look after the other. */
interface WatchDisplay {
  show(frame: HealthFrame, changes: readonly string[]): Promise<void>;
  /** Leaves what is shown behind. */
  end(): Promise<void>;
}

interface DisplayOptions {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** What is watched, in the words of a title. */
  readonly title: string;
  /** Printed at the start; null if there is nothing to print. */
  readonly hint: string | null;
}

const nothing = (): Promise<void> => Promise.resolve();

/** One document per check on stdout; changes also go to stderr. */
function jsonDisplay({ terminal, hint }: DisplayOptions): WatchDisplay {
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
  `${regions.filter(({ status }) => isServing(status)).length} of ${regions.length} regions are serving`;

/** Tables at the start, from then on a line for every change, and more and more rarely one that nothing changed. */
function logDisplay({ terminal, clock, hint }: DisplayOptions): WatchDisplay {
  if (hint !== null) terminal.note(hint);
  const signs = new Heartbeats();
  let isFirst = true;
  const look = { columns: null, style: (_: string, text: string) => text };
  return {
    show: async (frame, changes) => {
      const now = clock.timestamp();
      if (isFirst) await terminal.result(`${renderHealth(frame, { ...look, now })}\n`);
      if (isFirst || changes.length > 0) signs.recordUpdate(clock.nowMs());
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
const defaultRows = 24;

/** One screen that is written over in place: at once, without being cleared first, so that nothing flickers. */
function screenDisplay({ terminal, clock, title, hint }: DisplayOptions): WatchDisplay {
  // Below the tables, where the next look does not write it over.
  const happened: string[] = hint === null ? [] : [hint];
  let isFirst = true;
  const style = terminal.style.bind(terminal);
  return {
    show: async (frame, changes) => {
      const now = clock.timestamp();
      const time = `${formatMoment(now)?.slice(11, 19) ?? ''}Z`;
      happened.push(...changes.map((change) => `${time} ${withoutControls(change)}`));
      const [columns, rows] = [terminal.columns ?? 80, terminal.rows ?? defaultRows];
      const look = { columns, rows, style, now, title: `${title}, ${time} (Ctrl-C to stop)`, changes: happened };
      const lines = renderScreen(frame, look);
      // What stood there before scrolls up, where it can be found again.
      const makeRoom = isFirst ? '\n'.repeat(rows) : '';
      isFirst = false;
      await terminal.screen(
        `${makeRoom}${home}${lines.map((line) => `${line}${clearToLineEnd}\n`).join('')}${clearBelow}`,
      );
    },
    // Behind the ^C that the terminal echoes.
    end: () => terminal.result('\n'),
  };
}

function displayFor({ globals, env }: Context, options: DisplayOptions): WatchDisplay {
  if (globals.json) return jsonDisplay(options);
  const canRedraw = options.terminal.columns !== null && env['TERM'] !== 'dumb';
  return canRedraw ? screenDisplay(options) : logDisplay(options);
}

export interface WatchHealth {
  readonly targets: HealthTargets;
  readonly config: Config;
  readonly probe: RegionProbe;
  /** Printed at the start; null if there is nothing to print. */
  readonly hint: string | null;
  /** The user's command for changes of a status; null for none. */
  readonly onChange: string | null;
}

/** Watches regions and shows what happens, until a signal ends it: its regular end. */
export async function watchHealth({ hint, onChange, ...watched }: WatchHealth, context: Context): Promise<void> {
  const { targets, config, probe } = watched;
  const { terminal, clock, random, interrupt } = context;
  const { health, failover } = config;
  const title = `captcha health, every ${formatMs(health.intervalMs)}`;
  const display = displayFor(context, { terminal, clock, title, hint });
  interrupt.listen({ onFirst: () => undefined, onSecond: () => undefined });
  const reports = watchRegions(targets, { ...health, signal: interrupt.stop }, { probe, clock, random });
  const record = new StatusRecord(await context.statusHistory(config), targets.regions, { clock });
  const hook = onChange === null ? null : new ChangeHook(onChange, context);
  let before: HealthFrame | null = null;
  for await (const report of reports) {
    const frame = frameOf({ ...report, regions: record.apply(report.regions) }, targets.regions, failover);
    await display.show(frame, before === null ? [] : describeChanges(before, frame));
    if (before !== null) hook?.record(before, frame);
    before = frame;
  }
  await display.end();
  await hook?.flush();
  interrupt.markDrained();
}
