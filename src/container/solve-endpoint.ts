import { SolveEndpointFile } from '../adapters/state/solve-endpoint-file.ts';
import { isCaptchaAi } from '../config/polling-advice.ts';
import type { Config } from '../config/schema.ts';
import { stateFolderOf } from '../config/state-folder.ts';
import type { SolveEndpoint } from '../ports/state.ts';

/** Whether images go to `/solve.php`, by `api.syncImages`; null if they never do. */
export function createSolveEndpoint({ api, budget }: Config, env: NodeJS.ProcessEnv): SolveEndpoint | null {
  const { syncImages, baseUrl } = api;
  if (syncImages === 'off') return null;
  return new SolveEndpointFile({
    stateFolder: budget.scope === 'process' ? null : stateFolderOf(env).path,
    baseUrl,
    isAssumed: syncImages === 'on' || isCaptchaAi(baseUrl),
    isRead: syncImages === 'auto',
  });
}
