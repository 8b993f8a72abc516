import type { HealthFrame } from '../../cli/regions/health-report.ts';
import { isServing, type RegionHealth } from '../../domain/region.ts';
import { type HealthStyle, renderHealth, renderRegions } from './view.ts';

export interface ScreenLayout extends HealthStyle {
  readonly columns: number;
  readonly rows: number;
  /** In the first line, above everything. */
  readonly title: string;
  /** What happened, oldest first, a line each. */
  readonly changes: readonly string[];
}

/** Lines of recent changes on the screen: with enough rows, and at least this many or this share otherwise. */
const newsLines = { most: 8, least: 3, share: 8 };
/** Minimum number of regions that are shown. */
const fewestRegions = 3;
const continued = '  ';
const isBoxLine = /^[┌├│└]/;

/** A line in lines of the screen, broken at blanks; a table's fit already. */
function wrap(line: string, columns: number): readonly string[] {
  if (line.length <= columns || isBoxLine.test(line)) return [line];
  const at = line.lastIndexOf(' ', columns);
  const end = at > continued.length ? at : columns;
  return [line.slice(0, end), ...wrap(`${continued}${line.slice(end).trimStart()}`, columns)];
}

/** The latest changes in `most` lines, each from its beginning; only the very latest may lack its end. */
function latest(changes: readonly string[], columns: number, most: number): readonly string[] {
  const shown: string[] = [];
  for (const change of changes.toReversed()) {
    const lines = wrap(change, columns);
    if (shown.length > 0 && shown.length + lines.length > most) break;
    shown.unshift(...lines);
  }
  return shown.slice(0, most);
}

/** Those that do not serve first, then those in trouble; otherwise in their own order. */
function worstFirst(regions: readonly RegionHealth[]): readonly RegionHealth[] {
  const rank = ({ status, error }: RegionHealth): number => (isServing(status) ? Number(error === null) + 1 : 0);
  return [...regions].sort((a, b) => rank(a) - rank(b));
}

interface Part {
  readonly shown: readonly RegionHealth[];
  /** Counts those that are not shown; empty where all are. */
  readonly rest: string;
}

/** The regions with the worst health, in their own order. */
function worst(regions: readonly RegionHealth[], count: number): Part {
  if (count >= regions.length) return { shown: regions, rest: '' };
  const sorted = worstFirst(regions);
  const left = sorted.slice(count);
  const well = left.filter(({ status }) => isServing(status)).length;
  const rest = `... and ${left.length} more regions (${well === left.length ? 'all' : `${well} of them`} serving)\n`;
  return { shown: sorted.slice(0, count), rest };
}

function body(frame: HealthFrame, layout: HealthStyle, count: number): string {
  const { shown, rest } = worst(frame.regions, count);
  if (rest === '') return renderHealth(frame, layout);
  const names = new Set(shown.map(({ region }) => region));
  const failover = frame.failover.filter(({ from }) => names.has(from));
  return `${renderHealth({ ...frame, regions: shown, failover }, layout)}${rest}`;
}

const linesOf = (text: string, columns: number): readonly string[] =>
  text
    .trimEnd()
    .split('\n')
    .flatMap((line) => wrap(line, columns));

/** On a screen too low for everything: the table of the regions, the worst first, and what still fits of the rest. */
function lowScreen(frame: HealthFrame, given: ScreenLayout, room: number): readonly string[] {
  const layout = { ...given, isLow: true };
  const { columns, title } = layout;
  const regions = worstFirst(frame.regions);
  const start = title.slice(0, columns);
  for (let count = Math.min(regions.length, room); count > 0; count -= 1) {
    const { shown, rest } = worst(regions, count);
    const lines = [start, ...linesOf(`${renderRegions(shown, layout)}${rest}`, columns)];
    if (lines.length > room) continue;
    const all = [start, ...linesOf(body({ ...frame, regions }, layout, count), columns)];
    return rest === '' ? all.slice(0, room) : lines;
  }
  return [start];
}

/**
 * What a screen shows while regions are watched, one line each, never more than fit: where regions are too many, those
 * that are well are left out.
 */
export function renderScreen(frame: HealthFrame, layout: ScreenLayout): readonly string[] {
  const { rows, columns, title, changes } = layout;
  const linesWith = (count: number): readonly string[] => [
    ...wrap(title, columns),
    '',
    ...linesOf(body(frame, layout, count), columns),
  ];
  const newsHeight = latest(changes, columns, Math.min(newsLines.least, Math.floor(rows / newsLines.share))).length;
  const reserved = newsHeight === 0 ? 0 : 1 + newsHeight;
  // The last line stays free: a line feed in it would scroll.
  const most = rows - 1;
  const room = most - reserved;
  // A region takes a line at least: to try more would only take time.
  let count = Math.min(frame.regions.length, most);
  while (count > fewestRegions && linesWith(count).length > room) count -= 1;
  const whole = linesWith(count);
  const lines = whole.length <= room ? whole : lowScreen(frame, layout, room);
  const left = Math.min(most - lines.length - 1, newsLines.most);
  return newsHeight === 0 || left < 1 ? lines : [...lines, '', ...latest(changes, columns, left)];
}
