import type { SimulationEnv } from '../environment.ts';
import { articleStorm } from './article-storm.ts';
import { awsContention } from './aws-contention.ts';
import { clientCount } from './client-count.ts';
import type { PublishedTable } from './published-table.ts';
import { spikeCollapse } from './spike-collapse.ts';
import { strategyTable } from './strategy-table.ts';

/** Published comparisons that can be simulated again, by the name that a person calls them. */
export const allTables = {
  aws: awsContention,
  clients: clientCount,
  collapse: spikeCollapse,
  storm: articleStorm,
  strategies: strategyTable,
} satisfies Readonly<Record<string, (kit: SimulationEnv, seed: number) => Promise<PublishedTable>>>;

export type TableName = keyof typeof allTables;
