import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../../src/adapters/redis/redis-client.ts';
import { UsageError } from '../../../src/domain/errors.ts';

describe('the URL of a Redis', () => {
  it.each([
    ['redis://redis', { host: 'redis', port: 6379, db: 0 }],
    ['redis://127.0.0.1:6380/3', { host: '127.0.0.1', port: 6380, db: 3 }],
    ['redis://[::1]:6380', { host: '::1', port: 6380, db: 0 }],
    ['redis://:p%40ss@redis', { host: 'redis', password: 'p@ss' }],
    ['redis://:100%25@redis', { host: 'redis', password: '100%' }],
    ['redis://me:secret@redis', { username: 'me', password: 'secret' }],
    ['rediss://redis.example.com', { tls: { servername: 'redis.example.com' } }],
    // TLS accepts no IP address as a server name.
    ['rediss://10.0.0.1', { tls: {} }],
    ['rediss://[::1]', { tls: {} }],
  ])('%s', (url, expected) => {
    expect(parseRedisUrl(url)).toMatchObject(expected);
    expect(parseRedisUrl(url).tls).toEqual('tls' in expected ? expected.tls : undefined);
  });

  it.each([
    ['redis://:secret@redis/tasks', /database number: write \/0/],
    ['redis://:secret@redis/-1', /database number: write \/0/],
    ['redis://:secret@redis/0/1', /database number: write \/0/],
    ['redis://:secret@redis/99999999999999999999', /database number: write \/0/],
    ['redis://:se%cret@redis/0', /encode % as %25/],
    ['redis://us%er:secret@redis/0', /encode % as %25/],
  ])('%s is refused without its password', (url, said) => {
    expect(() => parseRedisUrl(url)).toThrow(UsageError);
    expect(() => parseRedisUrl(url)).toThrow(said);
    expect(() => parseRedisUrl(url)).not.toThrow(/secret|se%cret/);
  });
});
