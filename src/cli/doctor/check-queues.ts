import { combined, type Finding, ok, skipped, warning } from './finding.ts';

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

/** Whether queues are configured for all or none, and what goes with them. */
export function checkQueues({ regions, results, fleet }: QueueFacts): Finding {
  const without = regions.filter(({ queue }) => queue === null);
  if (without.length === regions.length) {
    return ok(
      regions.length === 0 ? 'none are needed without regions' : 'none: tasks are solved directly (--via direct)',
    );
  }
  const missing =
    without.length === 0 ? [] : [warning(`no queue: ${names(without)}`, 'set regions[].queue for every region')];
  const noResults = warning('there is no results queue', 'set results: workers have nowhere to put what they solved');
  const noState = warning(
    'the regions share no state',
    'set fleet.state: budgets and breakers are of each host by itself',
  );
  return combined([
    ok(`${regions.length - without.length} of ${regions.length} regions have a queue`),
    ...missing,
    ...doubledFindings(regions),
    ...(results === null ? [noResults] : []),
    ...(fleet.state === null ? [noState] : []),
    skipped('whether the queues can be reached is not checked: this version solves directly only'),
  ]);
}
