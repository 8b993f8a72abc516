import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/domain/errors.ts';
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
