import { isServing, type RegionHealth } from '../../domain/region.ts';
import type { HealthFrame } from '../health/health-frame.ts';
import type { HealthLook } from './health-table.ts';
import { renderHealth } from './health-view.ts';

export interface ScreenLook extends HealthLook {
  readonly columns: number;
  readonly rows: number;
  /** In the first line, above everything. */
  readonly title: string;
  /** What happened, oldest first, a line each. */
  readonly changes: readonly string[];
}

/** So many lines of the latest changes stay on the screen where there is room, and so many where there is none. */
const newsLines = { most: 8, least: 3 };
/** However low the screen, so many regions are shown. */
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

/** Those that do not serve first, then those in trouble; otherwise in their own order. */
function worstFirst(regions: readonly RegionHealth[]): readonly RegionHealth[] {
  const rank = ({ status, error }: RegionHealth): number => (isServing(status) ? Number(error === null) + 1 : 0);
  return [...regions].sort((a, b) => rank(a) - rank(b));
}

function body(frame: HealthFrame, look: HealthLook, count: number): string {
  const { regions } = frame;
  if (count >= regions.length) return renderHealth(frame, look);
  const left = worstFirst(regions).slice(count);
  const well = left.filter(({ status }) => isServing(status)).length;
  const rest = `... and ${left.length} more regions, ${well === left.length ? 'all' : `${well} of them`} serving`;
  const shown = worstFirst(regions).slice(0, count);
  const names = new Set(shown.map(({ region }) => region));
  const failover = frame.failover.filter(({ from }) => names.has(from));
  return `${renderHealth({ ...frame, regions: shown, failover }, look)}${rest}\n`;
}

/**
 * What a screen shows while regions are watched, one line each, never more than fit: where regions are too many, those
 * that are well are left out.
 */
export function renderScreen(frame: HealthFrame, look: ScreenLook): readonly string[] {
  const { rows, columns, title, changes } = look;
  const linesWith = (count: number): readonly string[] =>
    [title, '', ...body(frame, look, count).trimEnd().split('\n')].flatMap((line) => wrap(line, columns));
  const news = changes.flatMap((line) => wrap(line, columns)).slice(-newsLines.most);
  const reserved = news.length === 0 ? 0 : 1 + Math.min(news.length, newsLines.least);
  // The last line stays free: a line feed in it would scroll.
  const most = rows - 1;
  // A region takes a line at least: to try more would only take time.
  let count = Math.min(frame.regions.length, most);
  while (count > fewestRegions && linesWith(count).length + reserved > most) count -= 1;
  const lines = linesWith(count).slice(0, most - reserved);
  return news.length === 0 ? lines : [...lines, '', ...news.slice(-(most - lines.length - 1))];
}
