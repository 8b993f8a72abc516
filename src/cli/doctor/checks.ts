import type { Finding } from './finding.ts';

/** What is checked, in order, by what it is about. */
export const checkGroups = {
  configuration: ['config', 'key', 'policy'],
  service: ['proxy', 'api', 'latency', 'clock', 'account'],
  machine: ['node', 'state-folder', 'disk-space'],
  regions: ['regions', 'region-health', 'routes', 'queues'],
} as const;

export type CheckGroup = keyof typeof checkGroups;
export type CheckName = (typeof checkGroups)[CheckGroup][number];

/** What one check found. */
export interface CheckReport extends Finding {
  readonly check: CheckName;
}

/** Every check, in order. */
export const checkNames: readonly CheckName[] = Object.values(checkGroups).flat();
