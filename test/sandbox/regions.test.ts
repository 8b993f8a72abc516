import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/domain/errors.ts';
import { parseSandboxFlags } from '../../src/sandbox/parse-flags.ts';
import { runSandbox } from './running-sandbox.ts';

async function runRegions(regions?: readonly string[]) {
  const { sandbox } = await runSandbox(regions === undefined ? {} : { regions });
  const health = (name: string, signal?: AbortSignal) =>
    fetch(`${sandbox.url}/regions/${name}/health`, signal === undefined ? {} : { signal });
  const control = (name: string, query: string) => fetch(`${sandbox.url}/regions/${name}?${query}`, { method: 'POST' });
  return { sandbox, health, control };
}

describe('a simulated region', () => {
  it.each(['us-east-1', 'eu-west-1', 'ap-southeast-1'])('%s is healthy at first', async (region) => {
    const { health } = await runRegions();
    const response = await health(region);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ region, status: 'healthy', activeWorkers: 4, queueDepth: 0 });
  });

  it('answers 503 when it is down, and recovers', async () => {
    const { sandbox, health, control } = await runRegions(['a']);
    sandbox.setRegion('a', 'down');
    expect((await health('a')).status).toBe(503);
    await control('a', 'status=healthy');
    expect((await health('a')).status).toBe(200);
  });

  it('does not answer when it is slow', async () => {
    const { sandbox, health } = await runRegions(['a']);
    sandbox.setRegion('a', 'slow');
    await expect(health('a', AbortSignal.timeout(50))).rejects.toThrow('timeout');
  });

  it('fails between the times of its script', async () => {
    const regionOutages = [{ region: 'a', status: 'down', fromMs: 1_000, toMs: 3_000 } as const];
    const { sandbox, clock } = await runSandbox({ regions: ['a', 'b'], regionOutages });
    const statusOf = async (name: string) => (await fetch(`${sandbox.url}/regions/${name}/health`)).status;
    expect([await statusOf('a'), await statusOf('b')]).toEqual([200, 200]);
    clock.advance(1_000);
    expect([await statusOf('a'), await statusOf('b')]).toEqual([503, 200]);
    clock.advance(2_000);
    expect([await statusOf('a'), await statusOf('b')]).toEqual([200, 200]);
  });

  it('cannot be scripted if there is no such region', async () => {
    const regionOutages = [{ region: 'x', status: 'down', fromMs: 0, toMs: 1 } as const];
    await expect(runSandbox({ regions: ['a'], regionOutages })).rejects.toThrow('no region "x"');
  });

  it('shows the load that was set', async () => {
    const { health, control } = await runRegions(['a']);
    expect((await control('a', 'queueDepth=12&activeWorkers=0')).status).toBe(200);
    expect(await (await health('a')).json()).toMatchObject({ status: 'healthy', activeWorkers: 0, queueDepth: 12 });
  });

  it.each(['status=ill', 'queueDepth=-1', 'activeWorkers=many'])('refuses %s', async (query) => {
    const { health, control } = await runRegions(['a']);
    expect((await control('a', query)).status).toBe(400);
    expect(await (await health('a')).json()).toMatchObject({ status: 'healthy', activeWorkers: 4, queueDepth: 0 });
  });

  it('that does not exist is not found', async () => {
    const { sandbox, health, control } = await runRegions(['a']);
    expect((await health('b')).status).toBe(404);
    expect((await control('b', 'status=down')).status).toBe(404);
    expect(() => sandbox.setRegion('b', 'down')).toThrow(UsageError);
  });
});

describe('--region-outage', () => {
  it('names a region, a mode and two times', () => {
    const outage = { region: 'eu-west-1', status: 'slow', fromMs: 0, toMs: 120_000 };
    expect(parseSandboxFlags({ regionOutage: ['eu-west-1:slow:0s-2m'] })).toEqual({ regionOutages: [outage] });
  });

  it.each(['eu', 'eu:down', 'eu:gone:0s-1s', 'eu:down:5s', 'eu:down:5s-5s', 'eu:down:5-6', ':down:0s-1s'])(
    'refuses %s with an example',
    (text) => {
      const refused = expect(() => parseSandboxFlags({ regionOutage: [text] }));
      refused.toThrow(UsageError);
      refused.toThrow(/^--region-outage: /);
    },
  );
});
