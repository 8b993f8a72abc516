import type { Config } from '../../config/schema.ts';
import type { HealthTargets } from '../../core/health/probe-regions.ts';
import { UsageError } from '../../domain/usage-error.ts';

/** What a configuration gives to look at. Throws `UsageError` where that is nothing. */
export function targetsOf({ regions, api: { baseUrl } }: Config): HealthTargets {
  const example = 'for example {"name": "us-east-1", "health": "https://us-east-1.workers.example.com/health"}';
  if (regions.length === 0) {
    throw new UsageError(
      'no regions are configured',
      `name them under "regions" in the config file, ${example}; or look at simulated ones: captcha --sandbox health`,
    );
  }
  if (regions.every(({ health }) => health === null)) {
    throw new UsageError('no region has a health endpoint', `set regions[].health, ${example}`);
  }
  return { regions, baseUrl };
}
