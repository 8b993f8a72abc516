import type { Context } from '../../cli/context.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { Result } from '../../domain/result.ts';
import type { ApiProbeReport } from '../../ports/api.ts';
import type { StateFolderFacts } from '../../ports/state.ts';
import type { KeyFacts } from './account-checks.ts';
import type { DoctorTools } from './doctor-tools.ts';
import { orProblem, type Problem } from './finding.ts';

/** Looks at a thing when it is first asked for, and remembers what it saw, or that looking failed. */
function once<T>(look: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | null = null;
  return () => (opening ??= look());
}

/** What several checks are about, each looked at once. */
export interface DoctorContext {
  readonly context: Context;
  readonly tools: DoctorTools;
  loaded(): Promise<Result<LoadedConfig, Problem>>;
  /** Null where it cannot be read. */
  config(): Promise<Config | null>;
  key(): Promise<KeyFacts>;
  /** A problem if an invalid setting makes the request impossible. */
  apiProbe(): Promise<Result<ApiProbeReport, Problem>>;
  stateFolder(): Promise<StateFolderFacts>;
}

export function createDoctorContext(context: Context, tools: DoctorTools): DoctorContext {
  const loaded = once(() => orProblem(() => context.config([])));
  const config = once(async () => {
    const found = await loaded();
    return 'value' in found ? found.value.config : null;
  });
  return {
    context,
    tools,
    loaded,
    config,
    key: once(async () => tools.keyFacts(await config())),
    apiProbe: once(async () => {
      const found = await config();
      if (found === null) return { error: { message: 'no valid configuration', hint: null } };
      return orProblem(() => tools.apiProbe(found));
    }),
    stateFolder: once(() => tools.stateFolder()),
  };
}
