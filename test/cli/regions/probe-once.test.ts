import { describe, expect, it } from 'vitest';
import type { FleetQueues } from '../../../src/cli/fleet/fleet-queues.ts';
import { probeOnce, targetsOf } from '../../../src/cli/regions/health-report.ts';
import { QueueUnavailableError, UsageError } from '../../../src/domain/errors.ts';
import type { ProbeResult, RegionProbe } from '../../../src/ports/api.ts';
import type { QueueDepth, TaskQueue } from '../../../src/ports/queues.ts';
import { aConfig } from '../support/a-config.ts';
import { aStage, type StageParts } from '../support/a-stage.ts';

const refused: ProbeResult = { answered: false, latencyMs: null, error: 'connection refused', nothingListens: true };
const answered: ProbeResult = {
  ...{ answered: true, latencyMs: 7 },
  answer: { status: 'healthy', activeWorkers: 3, queueDepth: 2 },
};
const probing = (result: ProbeResult): RegionProbe => ({
  probeRegion: async () => result,
  probeApi: async () => ({ reachable: true, latencyMs: 5, error: null }),
});

const depthOf = (waiting: number, inFlight = 0): QueueDepth => ({ waiting, inFlight, oldestAgeMs: null, dead: 0 });

/** Opens queues with the same answer. */
function queuesThat(depth: () => Promise<QueueDepth>): FleetQueues & { opened: string[] } {
  const opened: string[] = [];
  const tasks = async (region: string, url: string): Promise<TaskQueue> => {
    opened.push(`${region} ${url}`);
    return { depth } as TaskQueue;
  };
  const results = () => Promise.reject(new Error('not asked for'));
  return { opened, tasks, results, state: async () => null };
}

function lookedAt(result: ProbeResult, queue: string | null, parts: StageParts = {}) {
  const config = aConfig({ regions: [{ name: 'us-east-1', health: 'http://127.0.0.1/us', ...(queue && { queue }) }] });
  const { context, clock } = aStage({ regionProbe: probing(result), ...parts });
  return { looking: probeOnce(targetsOf(config), config, context), clock };
}

async function regionOf(result: ProbeResult, queues: FleetQueues, queue: string | null = 'redis://r/0') {
  const [region] = (await lookedAt(result, queue, { queues }).looking).regions;
  return region;
}

describe('a single probe of a region', () => {
  it('opens no queue if a worker answers', async () => {
    const queues = queuesThat(async () => depthOf(0));
    expect(await regionOf(answered, queues)).toMatchObject({ status: 'healthy', latencyMs: 7, queueDepth: 2 });
    expect(queues.opened).toEqual([]);
  });

  it('reports it as asleep if no worker answers and its queue is empty', async () => {
    const queues = queuesThat(async () => depthOf(0));
    expect(await regionOf(refused, queues)).toMatchObject({
      ...{ status: 'idle', latencyMs: null, activeWorkers: 0, queueDepth: 0 },
      error: 'nothing listens, and its queue is empty',
    });
    expect(queues.opened).toEqual(['us-east-1 redis://r/0']);
  });

  it.each(['HTTP 503', 'timed out after 5s'])('reports %s whatever its queue holds', async (error) => {
    const queues = queuesThat(async () => depthOf(0));
    const failed: ProbeResult = { answered: false, latencyMs: null, error };
    expect(await regionOf(failed, queues)).toMatchObject({ status: 'unhealthy', latencyMs: null, error });
    expect(queues.opened).toEqual([]);
  });

  it.each([
    [depthOf(4), 4],
    [depthOf(0, 2), 0],
  ])('reports the probe if tasks wait, with their number: %j', async (depth, queueDepth) => {
    const region = await regionOf(
      refused,
      queuesThat(async () => depth),
    );
    expect(region).toMatchObject({ status: 'unhealthy', error: 'connection refused', queueDepth });
  });

  it.each([
    [new QueueUnavailableError('redis://r/0: connect ECONNREFUSED')],
    [new UsageError('sqs://a in us-east-1: no such queue', 'Create it.')],
  ])('reports the probe if the queue is unreachable too, with a message: %s', async (error) => {
    const region = await regionOf(
      refused,
      queuesThat(() => Promise.reject(error)),
    );
    const message = `connection refused; its queue cannot be read either: ${error.message}`;
    expect(region).toMatchObject({ status: 'unhealthy', queueDepth: null, error: message });
  });

  it('does not wait for a queue that never answers', async () => {
    const queues = queuesThat(() => new Promise(() => undefined));
    const { looking, clock } = lookedAt(refused, 'redis://:s3cret@r/0', { queues });
    await clock.advance(6_000);
    const [region] = (await looking).regions;
    expect(region).toMatchObject({
      status: 'unhealthy',
      error: 'connection refused; its queue cannot be read either: redis://:***@r/0: no answer within 6s',
    });
  });

  it.each([
    ['has none', null],
    ['has one of each process', 'memory:'],
  ])('opens no queue if the region %s', async (_what, queue) => {
    const [region] = (await lookedAt(refused, queue).looking).regions;
    expect(region).toMatchObject({ status: 'unhealthy', error: 'connection refused' });
  });

  it('passes a bug through', async () => {
    const looking = regionOf(
      refused,
      queuesThat(() => Promise.reject(new TypeError('oops'))),
    );
    await expect(looking).rejects.toThrow('oops');
  });
});
