import { renderTable } from '../../cli/table.ts';
import type { Figure, PublishedTable } from '../../core/simulation/tables/published-table.ts';

function shown(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 100 ? value.toFixed(2) : value.toFixed(0);
}

function cellOf({ value, published }: Figure): string {
  const simulated = value === null ? '-' : shown(value);
  return published === null ? simulated : `${simulated} (${shown(published)})`;
}

/** A published comparison as text, the published figures in brackets. */
export function renderPublished({ title, about, head, rows }: PublishedTable, columns: number | null): string {
  const cells = rows.map(({ name, figures }) => [name, ...figures.map(cellOf)]);
  return `${title}\n\n${renderTable(head, cells, columns)}\n${about}\n`;
}
