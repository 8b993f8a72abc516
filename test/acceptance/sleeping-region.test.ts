import { describe, expect } from 'vitest';
import { hasRedis } from '../contract/support/redis-server.ts';
import { sitekeyOf } from './support/batch.ts';
import { type Bench, it, type Usage } from './support/bench.ts';
import { openFleet } from './support/fleet.ts';

interface Health {
  readonly regions: readonly { region: string; status: string; queueDepth: number | null; error: string | null }[];
}

async function healthOf(bench: Bench, usage: Usage, exitCode: number): Promise<Health['regions']> {
  const ended = await bench.run(['health', '--json'], usage);
  expect(ended, ended.stderr).toMatchObject({ code: exitCode });
  return (JSON.parse(ended.stdout) as Health).regions;
}

describe.skipIf(!hasRedis).concurrent('a region whose workers were scaled down to zero', () => {
  it('is idle for health, route and failover while its queue is empty, and unhealthy while tasks wait there', async ({
    bench,
  }) => {
    const { ledger, config, startWorker } = await openFleet(bench);
    const usage = { at: ledger, config };
    await startWorker('us-east-1');
    const asleep = await healthOf(bench, usage, 0);
    expect(asleep[1]?.error).toBe('nothing listens, and its queue is empty');
    expect(asleep[1]).toMatchObject({ region: 'eu-west-1', status: 'idle', latencyMs: null, queueDepth: 0 });
    const plan = await bench.run(['failover'], usage);
    expect(plan).toMatchObject({ code: 0, stdout: 'All 3 regions are serving: nothing to redirect.\n' });
    const routed = await bench.run(['route', '--health', '--json', 'https://example.de/'], usage);
    expect(JSON.parse(routed.stdout), routed.stderr).toMatchObject({
      routes: [{ assigned: 'eu-west-1', effective: 'eu-west-1' }],
    });

    const task = ['--method', 'turnstile', '--sitekey', sitekeyOf(1), '--pageurl', 'https://example.de/login'];
    await bench.run(['solve', ...task, '--via', 'queues', '--timeout', '3s'], usage);
    const dead = await healthOf(bench, usage, 1);
    expect(dead[1]).toMatchObject({ status: 'unhealthy', queueDepth: 1, error: 'connection refused' });
    const moves = await bench.run(['failover', '--json'], usage);
    expect(moves).toMatchObject({ code: 1 });
    expect(JSON.parse(moves.stdout)).toMatchObject({ failover: [{ from: 'eu-west-1', backlog: 1 }] });
  });

  it('has the status of its probe if its Redis is unreachable, with a message', async ({ bench }) => {
    const { ledger, config, redis } = await openFleet(bench);
    const usage = { at: ledger, config };
    await redis.down();
    for (const { status, error } of await healthOf(bench, usage, 4)) {
      expect(status).toBe('unhealthy');
      expect(error).toMatch(/^connection refused; its queue cannot be read either: redis:.* connect ECONNREFUSED/);
    }
  });

  it('wakes up with its tasks while it is watched, and is unhealthy if it does not', async ({ bench }) => {
    const { ledger, config } = await openFleet(bench);
    const usage = { at: ledger, config };
    const watch = await bench.start(['health', '--watch', '300ms'], usage);
    await watch.said(/eu-west-1 +idle/);
    const task = ['--method', 'turnstile', '--sitekey', sitekeyOf(1), '--pageurl', 'https://example.de/login'];
    await bench.run(['solve', ...task, '--via', 'queues', '--timeout', '3s'], usage);
    await watch.said(/eu-west-1: idle -> degraded/);
    await watch.said(/eu-west-1: degraded -> unhealthy/);
    watch.signal('SIGTERM');
    expect(await watch.ended).toMatchObject({ code: 0 });
  });
});
