import { describe, expect, it } from 'vitest';
import { checkDiskSpace, checkStateFolder } from '../../../src/commands/doctor/local-checks.ts';
import {
  checkRegionHealth,
  checkRegions,
  checkRoutes,
  type RouteFacts,
} from '../../../src/commands/doctor/region-checks.ts';
import { greatCircleKm } from '../../../src/core/routing/great-circle.ts';
import type { RegionHealth, RegionStatus } from '../../../src/domain/region.ts';
import type { StateFolderFacts } from '../../../src/ports/state.ts';

const mebibyte = 1024 * 1024;

const folder: StateFolderFacts = {
  path: '/home/a/state',
  from: 'default',
  existed: true,
  problem: null,
  mode: 0o700,
  isOwn: true,
  fileSystem: 'ext4',
  isNetwork: false,
  freeBytes: 1_000 * mebibyte,
  freeInodes: 100_000,
};
const problem = (code: string) => ({ code, message: `${code}: no` });

describe('the check of the state folder', () => {
  it.each<[string, Partial<StateFolderFacts>, string]>([
    ['a folder of its own', {}, 'ok'],
    ['one that can be created', { existed: false }, 'ok'],
    ['one that cannot be written', { problem: problem('EACCES') }, 'failure'],
    ['one on a full disk', { problem: problem('ENOSPC') }, 'failure'],
    ['one with an error of another kind', { problem: problem('EIO') }, 'failure'],
    ['one that others may read', { mode: 0o755 }, 'warning'],
    ['one of another user', { isOwn: false }, 'warning'],
    ['one on a network file system', { isNetwork: true, fileSystem: 'nfs4' }, 'warning'],
    ['one whose mode is not told', { mode: null, fileSystem: null }, 'ok'],
  ])('finds %s', (_name, special, status) => {
    const finding = checkStateFolder({ ...folder, ...special });
    expect(finding.status).toBe(status);
    expect(finding.found).toContain('/home/a/state (default)');
    expect(finding.fix === null).toBe(status === 'ok');
  });

  it('reports that host scope is limited on a network file system', () => {
    const finding = checkStateFolder({ ...folder, isNetwork: true, fileSystem: 'nfs4' });
    expect(finding.found).toContain('(nfs4): budget.scope host degrades to process');
  });
});

describe('the check of the disk space', () => {
  it.each([
    [500 * mebibyte, 5_000, 'ok', '500 MiB free, 5,000 files'],
    [50 * 1024 * mebibyte, null, 'ok', '50 GiB free'],
    [99 * mebibyte, 5_000, 'warning', '99 MiB free'],
    [500 * mebibyte, 999, 'warning', '999 files'],
    [0.5 * mebibyte, 5_000, 'failure', '0.5 MiB free'],
    [500 * mebibyte, 0, 'failure', '0 files'],
    [null, null, 'skipped', 'the free space is unknown'],
  ])('of %s bytes and %s files is %s', (freeBytes, freeInodes, status, found) => {
    const finding = checkDiskSpace({ ...folder, freeBytes, freeInodes });
    expect(finding).toMatchObject({ status, found: expect.stringContaining(found) as string });
  });
});

describe('the check of the regions', () => {
  const frankfurt = { name: 'eu', place: [50.1, 8.7] } as const;
  const mainz = { name: 'eu-2', place: [50.0, 8.3] } as const;
  const virginia = { name: 'us', place: [38.9, -77.4] } as const;
  const nowhere = { name: 'dc', place: null } as const;

  it.each([
    [[], 'ok', 'solved without a region'],
    [[frankfurt], 'warning', 'only eu'],
    [[frankfurt, virginia], 'ok', 'eu, us'],
    [[frankfurt, mainz], 'warning', 'eu and eu-2 are at the same location'],
    [[virginia, frankfurt, mainz], 'warning', 'eu and eu-2 are at the same location'],
    [[frankfurt, nowhere], 'warning', 'region dc has no location'],
  ])('%j: %s', (regions, status, found) => {
    const finding = checkRegions(regions, greatCircleKm);
    expect(finding).toMatchObject({ status, found: expect.stringContaining(found) as string });
  });
});

describe('regions without a location', () => {
  const placeless = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `r${index}`, place: null }));

  it('are one line, with five of their names', () => {
    const { found, fix } = checkRegions(placeless(50), greatCircleKm);
    expect(found.split('\n').slice(1)).toEqual(['regions r0, r1, r2, r3, r4 and 45 more have no location']);
    expect(fix).toBe('set regions[].location');
  });

  it('are all named if there are few', () => {
    expect(checkRegions(placeless(5), greatCircleKm).found).toMatch(/^regions r0, r1, r2, r3, r4 have no location$/m);
  });
});

describe('the check of the health of the regions', () => {
  const region = (status: RegionStatus, error: string | null = null): RegionHealth => ({
    ...{ region: `the-${status}-one`, status, latencyMs: 12, activeWorkers: 1, queueDepth: 0, since: 0, error },
  });

  it.each<[RegionStatus[], string]>([
    [[], 'skipped'],
    [['unknown', 'unknown'], 'skipped'],
    [['healthy', 'idle'], 'ok'],
    [['healthy', 'unknown'], 'warning'],
    [['healthy', 'degraded'], 'warning'],
    [['healthy', 'unhealthy'], 'failure'],
  ])('%j: %s', (statuses, status) => {
    expect(
      checkRegionHealth(
        statuses.map((each) => region(each)),
        null,
      ).status,
    ).toBe(status);
  });

  it('reports why a region does not serve, and the probable cause', () => {
    const { found, fix } = checkRegionHealth([region('unhealthy', 'HTTP 503')], 'it is this machine');
    expect(found).toBe('the-unhealthy-one is unhealthy in 12ms: HTTP 503\nit is this machine');
    expect(fix).toContain('captcha health --watch');
  });
});

describe('the check of the routes', () => {
  const routes: RouteFacts = {
    regions: ['us', 'eu', 'ap'],
    default: 'us',
    countries: true,
    ruleCount: 2,
    unreachable: { value: [] },
  };

  it.each<[string, Partial<RouteFacts>, string, string]>([
    ['routes to every region', {}, 'ok', '2 rules, countries on, default: us'],
    ['no regions', { regions: [] }, 'skipped', 'no regions'],
    ['no default', { default: null }, 'warning', 'have no region'],
    ['a region that nothing leads to', { unreachable: { value: ['ap'] } }, 'warning', 'no rule routes to ap'],
    ['one region for everything', { unreachable: { value: ['eu', 'ap'] } }, 'warning', 'all URLs are routed to us'],
    [
      'rules that cannot be used',
      { unreachable: { error: { message: 'bad rule', hint: null } } },
      'failure',
      'bad rule',
    ],
  ])('finds %s', (_name, special, status, found) => {
    const finding = checkRoutes({ ...routes, ...special });
    expect(finding).toMatchObject({ status, found: expect.stringContaining(found) as string });
  });
});
