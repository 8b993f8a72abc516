import { isServing, type RegionHealth } from '../../domain/region.ts';
import { formatMs } from '../output/format.ts';
import { combined, failure, type Finding, ok, skipped, warning } from './finding.ts';

function findingOf({ region, status, latencyMs, error }: RegionHealth): Finding {
  const latency = latencyMs === null ? '' : ` in ${formatMs(latencyMs)}`;
  const why = error === null ? '' : `: ${error}`;
  const found = `${region} is ${status}${latency}${why}`;
  if (status === 'unknown')
    return warning(`${region} cannot be judged${why}`, `set the key health of region ${region}`);
  if (!isServing(status))
    return failure(found, `look at the workers of ${region}; captcha health --watch follows them`);
  return status === 'degraded' ? warning(found, `look at the workers of ${region}`) : ok(found);
}

/** Whether every region's health endpoint can be reached and says that it serves. */
export function checkRegionHealth(regions: readonly RegionHealth[], note: string | null): Finding {
  if (regions.length === 0) return skipped('no regions are configured');
  if (regions.every(({ status }) => status === 'unknown')) {
    return skipped('no region has a health endpoint', 'set regions[].health to be able to leave a region that fails');
  }
  const { status, found, fix } = combined(regions.map(findingOf));
  // A note says whose fault it is where several fail, which is worth nothing where all is well.
  return { status, found: note === null || status === 'ok' ? found : `${found}\n${note}`, fix };
}
