import { createSimulationEnv } from '../../src/container/simulation.ts';
import { renderTable } from '../../src/cli/table.ts';
import { articleStorm } from './article-storm.ts';
import { awsContention } from './aws-contention.ts';
import { clientCount } from './client-count.ts';
import type { Figure } from './published-table.ts';
import { spikeCollapse } from './spike-collapse.ts';
import { strategyTable } from './strategy-table.ts';

const tables = {
  aws: awsContention,
  clients: clientCount,
  collapse: spikeCollapse,
  storm: articleStorm,
  strategies: strategyTable,
};

function shown(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 100 ? value.toFixed(2) : value.toFixed(0);
}

function cellOf({ value, published }: Figure): string {
  const simulated = value === null ? '-' : shown(value);
  return published === null ? simulated : `${simulated} (${shown(published)})`;
}

/** Prints the named comparisons, or all of them. Throws for an unknown name. */
export async function printTables(names: readonly string[], seed: number): Promise<void> {
  const known = Object.keys(tables) as (keyof typeof tables)[];
  const unknown = names.filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: the comparisons are ${known.join(', ')}`);
  for (const name of known.filter((each) => names.length === 0 || names.includes(each))) {
    const { title, about, head, rows } = await tables[name](createSimulationEnv(), seed);
    const cells = rows.map(({ name, figures }) => [name, ...figures.map(cellOf)]);
    console.log(`${name}: ${title}\n\n${renderTable(head, cells, null)}\n${about}\n`);
  }
}
