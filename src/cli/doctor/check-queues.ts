import { checkDepth } from './check-depth.ts';
import { checkRedis } from './check-redis.ts';
import { combined, type Finding, ok, warning } from './finding.ts';
import type { QueueSurvey } from './survey-queues.ts';

/** What the configuration says about queues. */
export interface QueueFacts {
  readonly regions: readonly { readonly name: string; readonly queue: string | null }[];
  readonly results: string | null;
  readonly fleet: { readonly state: string | null };
}

const names = (regions: QueueFacts['regions']): string => regions.map(({ name }) => name).join(', ');

function doubledFindings(regions: QueueFacts['regions']): readonly Finding[] {
  return regions.flatMap(({ name, queue }, index) => {
    const first = regions.findIndex((other) => other.queue === queue);
    if (queue === null || first === index) return [];
    const found = `${name} has the queue of ${regions[first]?.name ?? ''}: their workers take each other's tasks`;
    return [warning(found, 'give every region a queue of its own')];
  });
}

const noResults = warning('there is no results queue', 'set results: workers have nowhere to put what they solved');

/** A message of SQS cannot be changed: what is known of a task is kept beside it, or nowhere. */
function stateFindings({ regions, fleet }: QueueFacts): readonly Finding[] {
  if (fleet.state !== null || regions.every(({ queue }) => queue?.startsWith('sqs:') !== true)) return [];
  return [
    warning(
      'SQS has no room for ids, and fleet.state is not set: a killed worker may cost a solve',
      'set fleet.state to a redis:// URL that all workers reach',
    ),
  ];
}

/** Whether queues are configured for all regions or none, can be reached, keep their tasks, and are worked on. */
export function checkQueues(facts: QueueFacts, { servers, queues }: QueueSurvey): Finding {
  const { regions, results } = facts;
  const without = regions.filter(({ queue }) => queue === null);
  if (without.length === regions.length) {
    return ok(
      regions.length === 0 ? 'none are needed without regions' : 'none: tasks are solved directly (--via direct)',
    );
  }
  const missing =
    without.length === 0 ? [] : [warning(`no queue: ${names(without)}`, 'set regions[].queue for every region')];
  const isAlone = regions.some(({ queue }) => queue?.startsWith('memory:') === true);
  return combined([
    ok(`${regions.length - without.length} of ${regions.length} regions have a queue`),
    ...(isAlone ? [ok('memory: is inside each process: nobody else works on it')] : []),
    ...missing,
    ...doubledFindings(regions),
    ...(results === null && !isAlone ? [noResults] : []),
    ...stateFindings(facts),
    ...servers.flatMap(checkRedis),
    ...queues.map(checkDepth),
  ]);
}
