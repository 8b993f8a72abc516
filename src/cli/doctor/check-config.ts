import type { LoadedConfig } from '../../config/load.ts';
import { combined, failure, type Finding, ok, warning } from './finding.ts';
import type { Problem } from './problem.ts';

/** What came of reading the configuration. */
export interface ConfigFacts {
  readonly loaded: { readonly value: LoadedConfig } | { readonly problem: Problem };
  /** Why `solve` and `batch` would refuse to poll as it says; null where they would not. */
  readonly hastyPolling: Problem | null;
}

function whichFile({ file }: LoadedConfig): string {
  if (file === null) return 'no config file: defaults and the environment';
  return file.found ? `${file.path} (found, so it cannot say where the key goes), valid` : `${file.path}, valid`;
}

/** Which configuration is in effect, and everything that is wrong or doubtful about it. */
export function checkConfig({ loaded, hastyPolling }: ConfigFacts): Finding {
  if ('problem' in loaded) {
    const { message, hint } = loaded.problem;
    return failure(message, hint ?? 'mend what is named; captcha config schema describes every key');
  }
  const { warnings } = loaded.value;
  return combined([
    ok(whichFile(loaded.value)),
    ...warnings.map((text) => warning(text, 'captcha config show tells where every value comes from')),
    ...(hastyPolling === null ? [] : [warning(hastyPolling.message, hastyPolling.hint ?? 'write longer waits')]),
  ]);
}
