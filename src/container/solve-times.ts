import { SolveTimeFile } from '../adapters/state/solve-time-file.ts';
import { systemClock as clock } from '../adapters/system/system-clock.ts';
import type { MethodSolveTimes } from '../cli/context.ts';
import { methodTiming } from '../config/polling-advice.ts';
import type { Config } from '../config/schema.ts';
import { stateFolderOf } from '../config/state-folder.ts';
import { PollPlanner } from '../core/solve/poll-plan.ts';
import { maxSolveTimes, SolveTimes } from '../core/solve/solve-times.ts';

export interface SolveTimesDeps {
  readonly env: NodeJS.ProcessEnv;
  /** Told once why the processes of this host cannot share what they see. */
  readonly onUnavailable: (message: string) => void;
}

/** Plans polls by what the processes of this host saw of the service, or by what this one sees where each keeps its own. */
export function createPollPlanner({ api, budget }: Config, { env, onUnavailable }: SolveTimesDeps): PollPlanner {
  if (budget.scope === 'process') return new PollPlanner(new SolveTimes(null, { clock }));
  const { path: stateFolder } = stateFolderOf(env);
  const options = { stateFolder, baseUrl: api.baseUrl, keptPerMethod: maxSolveTimes, onUnavailable };
  return new PollPlanner(new SolveTimes(new SolveTimeFile(options), { clock }));
}

/** What was learnt, method by method, and what follows from it. */
export function learntSolveTimes(config: Config, deps: SolveTimesDeps): readonly MethodSolveTimes[] {
  const planner = createPollPlanner(config, deps);
  return planner.times.methods().map((method) => ({
    method,
    samples: planner.times.latest(method),
    planMs: planner.planMs(method, methodTiming(config, { method, params: {} })),
  }));
}
