import { describe, expect, it } from 'vitest';
import { dead, requeue, show } from '../../../src/commands/queue/command.ts';
import { QueueUnavailableError, UsageError } from '../../../src/domain/errors.ts';
import { queueIdOf } from '../../../src/domain/queued-task.ts';
import type { FleetQueues } from '../../../src/cli/fleet/fleet-queues.ts';
import type { DeadTask, ResultQueue, TaskQueue } from '../../../src/ports/queues.ts';
import { aQueuedTask } from '../../support/queued.ts';
import { aStage } from '../../cli/support/a-stage.ts';

const config = {
  regions: [
    { name: 'us', queue: 'redis://r/0' },
    { name: 'eu', queue: 'sqs://eu?region=eu-west-1' },
  ],
  results: 'redis://r/9',
};
const depth = { waiting: 1_200, inFlight: 5, oldestAgeMs: 61_000, dead: 2 };

interface Fakes {
  readonly us?: Partial<TaskQueue>;
  readonly eu?: Partial<TaskQueue>;
  readonly results?: Partial<ResultQueue>;
}

function aQueueStage({ us = {}, eu = {}, results = {} }: Fakes, globals = {}) {
  const usual = { depth: async () => depth };
  const queues = {
    tasks: async (region: string) => ({ ...usual, ...(region === 'us' ? us : eu) }),
    results: async () => ({ depth: async () => ({ waiting: 3, inFlight: 0 }), ...results }),
    state: async () => null,
  } as unknown as FleetQueues;
  return aStage({ config, queues, globals });
}

const failing = (error: Error) => ({ depth: () => Promise.reject(error) });
const away = failing(new QueueUnavailableError('redis://r/0: gone'));
const missing = failing(new UsageError('sqs://eu in eu-west-1: does not exist', 'create it'));

describe('captcha queue show', () => {
  it('prints the depth of every queue and of the results', async () => {
    const stage = aQueueStage({});
    expect(await show({}, stage.context)).toBe(0);
    expect(
      stage.stdout.text.split('\n').map((line) =>
        line
          .split(/ {2,}/)
          .map((cell) => cell.trim())
          .join('|'),
      ),
    ).toEqual([
      'queue|waiting|in flight|oldest|dead|error',
      'us|1,200|5|1m 01s|2',
      'eu|1,200|5|1m 01s|2',
      '(results)|3|0|-|-',
      '',
    ]);
  });

  it.each([
    ['some cannot be reached', { us: away }, 1],
    ['one does not exist', { eu: missing }, 1],
    ['none can be used', { us: away, eu: missing, results: away }, 4],
  ] as const)('shows the others if %s', async (_what, fakes, code) => {
    const stage = aQueueStage(fakes, { json: true });
    expect(await show({}, stage.context)).toBe(code);
    const { queues, results } = JSON.parse(stage.stdout.text) as {
      readonly queues: readonly { readonly region: string; readonly error: string | null }[];
      readonly results: { readonly error: string | null };
    };
    expect(queues.map(({ region }) => region)).toEqual(['us', 'eu']);
    expect(queues.map(({ error }) => error)).toEqual([
      'us' in fakes ? 'redis://r/0: gone' : null,
      'eu' in fakes ? 'sqs://eu in eu-west-1: does not exist' : null,
    ]);
    expect(results.error).toBe('results' in fakes ? 'redis://r/0: gone' : null);
  });

  it('does not hide a bug', async () => {
    const stage = aQueueStage({ us: failing(new TypeError('a bug')) });
    await expect(show({}, stage.context)).rejects.toThrow(TypeError);
  });
});

const letters: readonly DeadTask[] = [
  { id: queueIdOf(aQueuedTask(1)), queued: aQueuedTask(1), reason: null, deliveries: 5 },
  { id: 'message-1', queued: null, reason: 'the message is not a task (run: is missing)', deliveries: 1 },
];

describe('captcha queue dead', () => {
  it('lists tasks and messages that are none, with the way to requeue them', async () => {
    const stage = aQueueStage({ us: { dead: async () => letters } });
    expect(await dead({ region: 'us', ids: [] }, stage.context)).toBe(0);
    expect(stage.stdout.text).toContain(queueIdOf(aQueuedTask(1)));
    expect(stage.stdout.text).toContain('message-1');
    expect(stage.stderr.text).toContain('captcha queue requeue us [ID...]');
  });

  it('refuses a region that is not configured', async () => {
    const { context } = aQueueStage({});
    await expect(dead({ region: 'mars', ids: [] }, context)).rejects.toThrow('unknown region mars');
  });
});

describe('captcha queue requeue', () => {
  const requeueing = (count: number) => {
    const asked: (readonly string[] | null)[] = [];
    const us = {
      requeue: async (ids: readonly string[] | null) => {
        asked.push(ids);
        return count;
      },
    };
    return { asked, us };
  };

  it('requeues all of a region', async () => {
    const { asked, us } = requeueing(2_000);
    const stage = aQueueStage({ us });
    expect(await requeue({ region: 'us', ids: [] }, stage.context)).toBe(0);
    expect([asked, stage.stdout.text]).toEqual([[null], '2,000 tasks requeued\n']);
  });

  it('counts an id once, and says which number could not be requeued', async () => {
    const { asked, us } = requeueing(1);
    const stage = aQueueStage({ us }, { json: true });
    expect(await requeue({ region: 'us', ids: ['a', 'a', 'b'] }, stage.context)).toBe(1);
    expect(asked).toEqual([['a', 'b']]);
    expect(JSON.parse(stage.stdout.text)).toEqual({ schemaVersion: 1, region: 'us', requeued: 1, unknown: 1 });
    expect(stage.stderr.text).toContain('1 of 2 ids are not dead letters of us that can be requeued');
  });
});
