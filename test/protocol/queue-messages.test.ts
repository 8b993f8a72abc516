import { describe, expect, it } from 'vitest';
import { messageOf, readProgress, readResultMessage, readTaskMessage } from '../../src/protocol/queue-messages.ts';
import { aQueuedTask, aResult } from '../support/queued.ts';

const task = aQueuedTask(1);
const submitted = { state: 'submitted', attempts: 1, captchaId: 'c1', submittedAt: 5 } as const;
const withTask = (special: object): object => ({ ...task, task: { ...task.task, ...special } });
const without = (name: string): object => Object.fromEntries(Object.entries(task).filter(([each]) => each !== name));

/** Each with a part of the reason for which it is refused. */
const malformed: readonly (readonly [message: unknown, reason: string])[] = [
  [undefined, 'is not a task'],
  [null, 'is not a task'],
  [7, 'is not a task'],
  ['text', 'is not a task'],
  ['{"run":', 'is not a task'],
  [[], 'is not a task'],
  [{}, 'run: is missing'],
  [{ run: 'run-a', key: task.key }, 'task: is missing'],
  [without('run'), 'run: is missing'],
  [without('key'), 'key: is missing'],
  [without('progress'), 'progress: is missing'],
  [without('homeRegion'), 'homeRegion: is missing'],
  [without('strict'), 'strict: is missing'],
  [without('enqueuedAt'), 'enqueuedAt: is missing'],
  [{ ...task, run: 'a:b' }, 'run or key'],
  [{ ...task, run: 7 }, 'run: is not text'],
  [{ ...task, key: '1' }, 'run or key'],
  [{ ...task, task: null }, 'task: is not an object'],
  [withTask({ method: null }), 'task.method'],
  [withTask({ method: '' }), 'task.method'],
  [withTask({ taskId: 1 }), 'task.taskId'],
  [withTask({ params: null }), 'task.params'],
  [withTask({ params: { a: 1 } }), 'task.params'],
  [withTask({ params: ['a'] }), 'task.params'],
  [withTask({ body: {} }), 'task.body'],
  [{ ...task, enqueuedAt: 'today' }, 'enqueuedAt'],
  [{ ...task, enqueuedAt: null }, 'enqueuedAt'],
  [{ ...task, limits: 'none' }, 'limits'],
  [{ ...task, limits: { timeoutMs: 1e12 } }, 'limits.timeoutMs'],
  [{ ...task, limits: { maxAttempts: 0 } }, 'limits.maxAttempts'],
  [{ ...task, progress: null }, 'progress: is not an object'],
  [{ ...task, progress: { state: 'done' } }, 'progress.state'],
  [{ ...task, progress: { state: '__proto__' } }, 'progress.state'],
  [{ ...task, progress: { ...submitted, captchaId: '' } }, 'progress.captchaId'],
  [{ ...task, progress: { ...submitted, captchaId: 'c\n1' } }, 'progress.captchaId'],
  [{ ...task, progress: { state: 'in-doubt', attempts: -1 } }, 'progress.attempts'],
  [{ ...task, schemaVersion: 'two' }, 'schemaVersion'],
];

describe('a message with a task', () => {
  it('is read as it was written, with fields of a later edition', () => {
    const more = { ...task, progress: submitted, limits: { timeoutMs: 5_000.5 }, added: { later: 1 } };
    expect(readTaskMessage(JSON.stringify(messageOf(more)))).toEqual({ value: more });
  });

  it('may come from a version that wrote no schemaVersion', () => {
    expect(readTaskMessage(JSON.stringify(task))).toEqual({ value: task });
    expect(messageOf(task)).toEqual({ schemaVersion: 1, ...task });
  });

  it('of a newer version is recognised, whatever it contains', () => {
    const reason = 'was written by a newer version of captcha (schemaVersion 2)';
    expect(readTaskMessage({ schemaVersion: 2, tasks: [] })).toEqual({ error: { reason, isNewer: true } });
  });

  it.each(malformed)('is refused: %j', (message, reason) => {
    const read = readTaskMessage(message);
    expect(read).toEqual({ error: { reason: expect.stringContaining(reason) as string, isNewer: false } });
  });

  it('is refused without its values, which may be secret', () => {
    expect(JSON.stringify(readTaskMessage(withTask({ method: ['secret'] })))).not.toContain('secret');
  });
});

describe('a message with a result', () => {
  const place = { address: null, now: 9 };
  const result = aResult(1);

  it('is read as it was written, with fields of a later edition', () => {
    const more = { ...result, outcome: { ...result.outcome, api_latency_ms: 5 } };
    expect(readResultMessage(JSON.stringify(messageOf(more)), place)).toEqual({
      value: { result: more, reason: null },
    });
    expect(readResultMessage(JSON.stringify(more), place)).toEqual({ value: { result: more, reason: null } });
  });

  it.each([
    ['not JSON', '{"run"'],
    ['without an outcome', JSON.stringify({ ...result, outcome: undefined })],
    ['with attempts that are none', JSON.stringify({ ...result, outcome: { ...result.outcome, attempts: [{}] } })],
    [
      'with an unknown reason',
      JSON.stringify({ ...result, outcome: { ...result.outcome, status: 'failed', reason: 'x' } }),
    ],
    ['of another task', JSON.stringify(aResult(2))],
  ])('%s leaves its task in doubt', (_what, text) => {
    const read = readResultMessage(text, { ...place, address: result });
    expect(read).toMatchObject({
      value: {
        result: { run: result.run, key: result.key, possiblyCharged: true, finishedAt: 9 },
        reason: expect.stringContaining('is not') as string,
      },
    });
    if ('value' in read) expect(read.value.result.outcome).toMatchObject({ status: 'failed', reason: 'in-doubt' });
  });

  it('that names no task is refused, and one of a newer version is left', () => {
    expect(readResultMessage('{}', place)).toMatchObject({ error: { isNewer: false } });
    expect(readResultMessage(JSON.stringify({ ...result, schemaVersion: 3 }), place)).toMatchObject({
      error: { isNewer: true },
    });
  });
});

it('a progress that is none is told apart', () => {
  expect(readProgress(JSON.stringify(submitted))).toEqual(submitted);
  expect(readProgress('{"state":"paid"}')).toBeNull();
  expect(readProgress('')).toBeNull();
});
