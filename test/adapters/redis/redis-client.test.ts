import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../../src/adapters/redis/redis-client.ts';
import { UsageError } from '../../../src/domain/errors.ts';

describe('the URL of a Redis', () => {
  it.each([
    ['redis://redis', { host: 'redis', port: 6379, db: 0 }],
    ['redis://127.0.0.1:6380/3', { host: '127.0.0.1', port: 6380, db: 3 }],
    ['redis://[::1]:6380', { host: '::1', port: 6380, db: 0 }],
    ['redis://:p%40ss@redis', { host: 'redis', password: 'p@ss' }],
    ['redis://me:secret@redis', { username: 'me', password: 'secret' }],
    ['rediss://redis.example.com', { tls: { servername: 'redis.example.com' } }],
    // TLS accepts no IP address as a server name.
    ['rediss://10.0.0.1', { tls: {} }],
    ['rediss://[::1]', { tls: {} }],
  ])('%s', (url, expected) => {
    expect(parseRedisUrl(url)).toMatchObject(expected);
    expect(parseRedisUrl(url).tls).toEqual('tls' in expected ? expected.tls : undefined);
  });

  it('has the number of a database as its path', () => {
    expect(() => parseRedisUrl('redis://:secret@redis/tasks')).toThrow(UsageError);
    expect(() => parseRedisUrl('redis://:secret@redis/tasks')).not.toThrow(/secret/);
  });
});
