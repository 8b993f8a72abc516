import { describe, expect, it } from 'vitest';
import { explainOutage } from '../../../src/core/regions/probe-regions.ts';
import { answered, reachable, refused, silent, unreachable } from '../resilience/support/probes.ts';

const lost = silent('the host name does not resolve');

describe('the explanation of simultaneous failures', () => {
  it.each([
    ['all is well', [answered(), answered()], reachable, null],
    ['one region of two fails', [answered(), lost], reachable, null],
    ['the only region fails', [lost], reachable, null],
    ['nothing was asked', [], reachable, null],
    ['nothing at all can be reached', [lost, lost], unreachable, /network problem of this machine/],
    ['the only region and the API cannot be reached', [lost], unreachable, /network problem of this machine/],
    ['all regions fail and the API does not', [lost, refused('HTTP 503')], reachable, /what the regions share/],
    ['the API alone cannot be reached', [answered(), lost], unreachable, /does not affect the status of the regions/],
    [
      'all regions refuse with a status: the network works',
      [refused('HTTP 503')],
      unreachable,
      /does not affect the status/,
    ],
  ] as const)('and %s, says so', (_name, results, api, said) => {
    const note = explainOutage(results, api);
    if (said === null) expect(note).toBeNull();
    else expect(note).toMatch(said);
  });
});
