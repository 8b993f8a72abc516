import type { Advice } from '../../core/simulate/advise-budget.ts';
import type { ComparisonRow } from '../../core/simulate/compare-strategies.ts';
import type { ScenarioRequest } from '../../core/simulate/scenario.ts';
import type { ObservedLoad } from '../simulate/observed-load.ts';
import { comparisonCells, comparisonHead, describeScenario } from './simulate-view.ts';
import { renderTable } from './table.ts';

/** What is advised, and what came of trying it. */
export interface AdviceReport {
  /** Null where the flags name the rate. */
  readonly observed: ObservedLoad | null;
  readonly scenario: ScenarioRequest;
  readonly advice: Advice;
  /** The same outage with the present settings and with the advised ones. */
  readonly tried: readonly { readonly settings: 'none' | 'present' | 'advised'; readonly row: ComparisonRow }[];
}

/** The advice as text: what to write, why, and what a simulated outage makes of it. */
export function renderAdvice({ scenario, advice, tried }: AdviceReport, columns: number | null): string {
  const { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst } = advice.budget;
  const written = JSON.stringify({ budget: { ratio, minRetriesPerSecond, maxRetriesPerSecond, burst } });
  const settings = advice.settings.map(({ key, value, because }) => `${key} = ${value}\n  ${because}\n`).join('');
  const head = ['budget', ...comparisonHead.slice(1)];
  const rows = tried.map(({ settings: name, row }) => [name, ...comparisonCells(row).slice(1)]);
  return [
    `${settings}\nin the config file: ${written}\n\n`,
    `tried: ${describeScenario(scenario)}\n`,
    renderTable(head, rows, columns),
  ].join('');
}
