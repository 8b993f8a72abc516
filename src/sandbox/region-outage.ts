import { parseDuration } from '../domain/duration.ts';
import { UsageError } from '../domain/errors.ts';

/** A scripted outage of one simulated region, in ms since the start; `toMs` is excluded. */
export interface RegionOutage {
  readonly region: string;
  readonly status: 'down' | 'slow';
  readonly fromMs: number;
  readonly toMs: number;
}

const written = /^(?<region>[^:]+):(?<status>down|slow):(?<from>[^-]+)-(?<to>[^-]+)$/;

/** Reads `NAME:down:FROM-TO` or `NAME:slow:FROM-TO`. Throws `UsageError`. */
export function parseRegionOutage(text: string): RegionOutage {
  const { region = '', status, from = '', to = '' } = written.exec(text)?.groups ?? {};
  const [fromMs, toMs] = [parseDuration(from), parseDuration(to)];
  if (fromMs !== null && toMs !== null && fromMs < toMs)
    return { region, status: status === 'slow' ? 'slow' : 'down', fromMs, toMs };
  const what = `"${text}" is not NAME:down:FROM-TO or NAME:slow:FROM-TO`;
  throw new UsageError(`--region-outage: ${what}`, 'For example --region-outage eu-west-1:down:10s-30s');
}
