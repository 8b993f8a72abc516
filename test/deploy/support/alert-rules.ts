import { yamlFile } from './yaml-file.ts';

/** An alert of `deploy/alerts.yaml`. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const { groups } = yamlFile('deploy/alerts.yaml') as {
  readonly groups: readonly { readonly rules: readonly AlertRule[] }[];
};

export const alertRules: readonly AlertRule[] = groups.flatMap((group) => group.rules);
