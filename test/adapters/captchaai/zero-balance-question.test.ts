import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Fault } from '../../../src/domain/fault.ts';
import {
  clientOf,
  faultOf,
  type Received,
  type Scripted,
  soon,
  startAnswering,
  startService,
  task,
} from './scripted-service.ts';

const zeroBalance = { body: '{"status":0,"request":"ERROR_ZERO_BALANCE"}' };
const threads = (all: number, working: number): Scripted => ({
  body: JSON.stringify({ status: 1, threads: all, working_threads: working }),
});
const balance = (amount: string): Scripted => ({ body: JSON.stringify({ status: 1, request: amount }) });
const unknownAction = { body: 'ERROR_EMPTY_ACTION' };
const broken = { status: 502, body: '<html>' };

type Answers = Readonly<Record<string, Scripted>>;

/** Answers every submission with a zero balance, and each account request with its own answer. */
const answering =
  (answers: Answers) =>
  ({ form, url }: Received): Scripted =>
    url.endsWith('/in.php') ? zeroBalance : (answers[form['action'] ?? ''] ?? broken);

async function askedFor(answers: Answers): Promise<{ fault: Fault; actions: readonly (string | undefined)[] }> {
  const service = await startAnswering(answering(answers));
  const fault = await faultOf(clientOf(service).submit(task, soon));
  return { fault, actions: service.received.slice(1).map(({ form }) => form['action']) };
}

describe('a submission that gets a zero balance', () => {
  it('is throttled where every thread is busy', async () => {
    const { fault, actions } = await askedFor({ threadsinfo: threads(5, 5) });
    expect(fault).toMatchObject({
      kind: 'throttled',
      code: 'ERROR_ZERO_BALANCE',
      threadsFull: true,
      retryAfterMs: null,
      answerLost: false,
    });
    expect(fault.message).toBe(
      'ERROR_ZERO_BALANCE: Every thread is busy (5 of 5). Lower the concurrency or buy threads.',
    );
    expect(actions).toEqual(['threadsinfo']);
  });

  it.each<[string, Answers, string[]]>([
    ['a thread is free', { threadsinfo: threads(5, 4), getbalance: balance('9') }, ['threadsinfo']],
    ['there are no threads', { threadsinfo: threads(0, 0), getbalance: balance('9') }, ['threadsinfo']],
    [
      'there is no balance',
      { threadsinfo: unknownAction, getbalance: balance('0.000') },
      ['threadsinfo', 'getbalance'],
    ],
    ['nothing is answered', { threadsinfo: broken, getbalance: broken }, ['threadsinfo', 'getbalance']],
    [
      'the key is refused',
      { threadsinfo: { body: 'ERROR_WRONG_USER_KEY' }, getbalance: { body: 'ERROR_WRONG_USER_KEY' } },
      ['threadsinfo', 'getbalance'],
    ],
  ])('is an account fault if %s', async (_name, answers, asked) => {
    const { fault, actions } = await askedFor(answers);
    expect(fault).toMatchObject({ kind: 'account', code: 'ERROR_ZERO_BALANCE', threadsFull: false });
    expect(actions).toEqual(asked);
  });

  it.each<[string, Scripted]>([
    ['unknown', unknownAction],
    ['broken', broken],
    ['without numbers', { body: '{"status":1,"request":"OK"}' }],
  ])('is throttled if threadsinfo is %s and there is balance', async (_name, threadsinfo) => {
    const { fault, actions } = await askedFor({ threadsinfo, getbalance: balance('1.5') });
    expect(fault).toMatchObject({ kind: 'throttled', threadsFull: true, retryAfterMs: null });
    expect(actions).toEqual(['threadsinfo', 'getbalance']);
  });

  it('has the kind that the user configured, without an account request', async () => {
    const service = await startAnswering(zeroBalance);
    const client = clientOf(service, { errorKinds: { ERROR_ZERO_BALANCE: 'throttled' } });
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'throttled', code: 'ERROR_ZERO_BALANCE' });
    expect(service.received).toHaveLength(1);
  });

  it('shares one account request with others while all threads are known to be busy', async () => {
    const held: ServerResponse[] = [];
    let isHeld = true;
    const service = await startService(({ url }, response) => {
      if (url === '/in.php') response.end(zeroBalance.body);
      else if (isHeld) held.push(response);
      else response.end(threads(3, 3).body);
    });
    const client = clientOf(service, { connections: 16 });
    const apiRequests = (): number => service.received.filter(({ url }) => url === '/res.php').length;
    const submissions = Array.from({ length: 10 }, () => faultOf(client.submit(task, soon)));
    await expect.poll(() => service.received.length).toBe(11);
    isHeld = false;
    for (const response of held) response.end(threads(3, 3).body);
    const faults = await Promise.all(submissions);
    expect(faults.every(({ threadsFull }) => threadsFull)).toBe(true);
    expect(apiRequests()).toBe(1);
    await faultOf(client.submit(task, soon));
    expect(apiRequests()).toBe(1);
    const nowMs = performance.now();
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs + 31_000);
    onTestFinished(() => clock.mockRestore());
    await faultOf(client.submit(task, soon));
    expect(apiRequests()).toBe(2);
  });

  it('has the known reason if no time is left to ask', async () => {
    const nowMs = performance.now();
    let laterMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs + laterMs);
    onTestFinished(() => clock.mockRestore());
    let passingMs = 0;
    const service = await startAnswering((received) => {
      laterMs += passingMs;
      return answering({ threadsinfo: threads(3, 3) })(received);
    });
    const client = clientOf(service);
    await faultOf(client.submit(task, soon));
    passingMs = 20_000;
    const late = await faultOf(client.submit(task, { timeLeftMs: 10_000 }));
    expect(late).toMatchObject({ kind: 'throttled', threadsFull: true });
    expect(late.message).toContain('Every thread is busy (3 of 3)');
  });

  it('is not an account fault if its timeout ends before the answer comes; others still get the answer', async () => {
    const held: ServerResponse[] = [];
    const service = await startService(({ url }, response) => {
      if (url === '/in.php') response.end(zeroBalance.body);
      else held.push(response);
    });
    const client = clientOf(service);
    const controller = new AbortController();
    const patient = faultOf(client.submit(task, soon));
    await expect.poll(() => held).toHaveLength(1);
    const cancelled = faultOf(client.submit(task, { timeLeftMs: 10_000, signal: controller.signal }));
    expect(await faultOf(client.submit(task, { timeLeftMs: 1_000 }))).toMatchObject({
      kind: 'timeout',
      code: 'ERROR_ZERO_BALANCE',
      answerLost: false,
    });
    controller.abort();
    expect(await cancelled).toMatchObject({ kind: 'transport', code: 'ERROR_ZERO_BALANCE', answerLost: false });
    held[0]?.end(threads(3, 3).body);
    expect(await patient).toMatchObject({ kind: 'throttled', threadsFull: true });
  });
});
