import { describe, expect, it } from 'vitest';
import { combined } from '../../../src/commands/doctor/finding.ts';
import {
  checkDepth,
  checkQueues,
  checkRedis,
  type QueueStatus,
  connectionHint,
} from '../../../src/commands/doctor/queue-checks.ts';
import type { QueueDepth } from '../../../src/ports/queues.ts';

const queued = (name: string, queue: string | null = `sqs://${name}`) => ({ name, queue });
const all = { regions: [queued('us'), queued('eu')], results: 'redis://r/9', fleet: { state: 'redis://r/8' } };
const unseen = { servers: [], queues: [] };

describe('the check of the queues', () => {
  it.each([
    ['none, without regions', { ...all, regions: [] }, 'ok', 'no queues are needed without regions'],
    ['none at all', { ...all, regions: [queued('us', null)] }, 'ok', 'solved directly'],
    ['one for each region', all, 'ok', '2 of 2 regions have a queue'],
    ['those of a process', { ...all, regions: [queued('us', 'memory:')], results: null }, 'ok', 'inside each process'],
    [
      'a region without',
      { ...all, regions: [queued('us'), queued('eu', null)] },
      'warning',
      'no queue is configured for: eu',
    ],
    [
      'two regions with the same',
      { ...all, regions: [queued('us', 'sqs://a'), queued('eu', 'sqs://a')] },
      'warning',
      'eu uses the queue of us',
    ],
    [
      'nothing wrong with two regions in one Redis, whose tasks are apart',
      { ...all, regions: [queued('us', 'redis://r/0'), queued('eu', 'redis://r/0')] },
      'ok',
      '2 of 2 regions have a queue',
    ],
    [
      'nothing wrong with queues of one name in two AWS regions',
      { ...all, regions: [queued('us-east-1', 'sqs://a'), queued('eu-west-1', 'sqs://a')] },
      'ok',
      '2 of 2 regions have a queue',
    ],
    ['no results queue', { ...all, results: null }, 'warning', 'no results queue'],
    ['SQS without shared state', { ...all, fleet: { state: null } }, 'warning', 'SQS cannot store captcha ids'],
    [
      'Redis without shared state, which needs none',
      { ...all, regions: [queued('us', 'redis://r/1')], fleet: { state: null } },
      'ok',
      '1 of 1 regions have a queue',
    ],
  ])('finds %s', (_name, facts, status, found) => {
    expect(checkQueues(facts, unseen)).toMatchObject({ status, found: expect.stringContaining(found) as string });
  });

  it('never shows a queue, because its URL may contain a password', () => {
    const regions = [queued('us', 'redis://:s3cret@r/1'), queued('eu', 'redis://:s3cret@r/1'), queued('ap', null)];
    expect(JSON.stringify(checkQueues({ ...all, regions }, unseen))).not.toContain('s3cret');
  });

  it('is as bad as the worst finding', () => {
    const error = { message: 'redis://r/0: ECONNREFUSED', hint: connectionHint('ECONNREFUSED') };
    const away = { server: 'redis://r', seen: { error } };
    expect(checkQueues(all, { servers: [away], queues: [] })).toMatchObject({
      status: 'failure',
      found: '2 of 2 regions have a queue\nredis://r/0: ECONNREFUSED',
      fix: expect.stringContaining('nothing listens there') as string,
    });
  });
});

describe('the check of a Redis', () => {
  const sound = { version: '7.0.15', evictionPolicy: 'noeviction', isAppendOnly: true, workers: [] };

  it.each<[string, object, string, string]>([
    ['one that keeps everything', {}, 'ok', 'redis://r: Redis 7.0.15'],
    ['one that tells nothing', { version: null, evictionPolicy: null, isAppendOnly: null }, 'ok', 'redis://r: answers'],
    ['one that evicts', { evictionPolicy: 'allkeys-lru' }, 'failure', 'eviction policy allkeys-lru can drop tasks'],
    ['one that writes nothing down', { isAppendOnly: false }, 'warning', 'appendonly is off'],
  ])('finds %s', (_name, special, status, found) => {
    const finding = combined(checkRedis({ server: 'redis://r', seen: { value: { ...sound, ...special } } }));
    expect(finding).toMatchObject({ status, found: expect.stringContaining(found) as string });
    expect(finding.fix === null).toBe(status === 'ok');
  });
});

describe('the fix for an unusable queue', () => {
  it.each([
    ['NOAUTH HELLO must be called', 'needs a password'],
    ['WRONGPASS invalid username-password pair', 'correct the user and password'],
    ["NOPERM this user has no permissions to run the 'select' command", 'all commands'],
    ['getaddrinfo ENOTFOUND redis', 'correct the host'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'nothing listens there'],
    ['ERR DB index is out of range', '/0 to /15'],
    ['Unknown RESP type 72 "H"', 'the server is not Redis, or it requires TLS'],
    ['LOADING Redis is loading the dataset in memory', 'try again shortly'],
    ['no answer within 6s', 'firewall'],
    ['connect ETIMEDOUT', 'firewall'],
    ['read ECONNRESET', 'rediss://'],
    ['self-signed certificate', 'NODE_EXTRA_CA_CERTS'],
    ['something new', 'check its log'],
  ])('%s: %s', (message, fix) => {
    expect(connectionHint(message)).toContain(fix);
  });
});

describe("the check of a queue's content", () => {
  const empty: QueueDepth = { waiting: 0, inFlight: 0, oldestAgeMs: null, dead: 0 };
  const worker = (ageMs: number) => ({ region: 'us', ageMs });
  const sight = (special: Partial<QueueDepth>, workers: QueueStatus['workers'] = null): QueueStatus => ({
    ...{ region: 'us', seen: { value: { ...empty, ...special } }, workers },
  });

  it.each<[QueueStatus, string, string]>([
    [sight({}), 'ok', 'us: 0 waiting, 0 in flight, 0 dead'],
    [sight({}, []), 'ok', 'us: 0 waiting, 0 in flight, 0 dead; no workers'],
    [
      sight({ waiting: 7, oldestAgeMs: 61_000, inFlight: 2 }, [worker(5_000), worker(3_600_000)]),
      'ok',
      'us: 7 waiting (the oldest for 1m 01s), 2 in flight, 0 dead; 2 workers, the oldest for 1h 00m',
    ],
    [sight({ waiting: 7 }, [worker(5_000)]), 'ok', '; 1 worker, for 5s'],
    [sight({ waiting: 7 }, []), 'warning', 'us: 7 waiting, 0 in flight, 0 dead; no workers'],
    [sight({ waiting: 7 }), 'ok', 'us: 7 waiting, 0 in flight, 0 dead'],
    [sight({ dead: 3 }), 'warning', '3 dead'],
    [sight({ dead: null }), 'warning', 'no dead-letter queue'],
  ])('%j', (seen, status, found) => {
    const finding = checkDepth(seen);
    expect(finding).toMatchObject({ status, found: expect.stringContaining(found) as string });
    expect(finding.fix === null).toBe(status === 'ok');
  });

  it('reports the results, which have neither workers nor dead letters', () => {
    const finding = checkDepth({ region: null, seen: { value: { waiting: 4, inFlight: 1 } }, workers: null });
    expect(finding).toEqual({ status: 'ok', found: 'results: 4 waiting, 1 being read', fix: null });
  });

  it('includes the fix for SQS', () => {
    const problem = { message: 'sqs://a in us-east-1: no such queue', hint: 'Create it.' };
    expect(checkDepth({ region: 'us', seen: { error: problem }, workers: null })).toEqual({
      ...{ status: 'failure', found: 'us: sqs://a in us-east-1: no such queue', fix: 'Create it.' },
    });
  });
});
