import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HostLookup, type LookupOptions } from '../../../src/adapters/http/host-lookup.ts';

/** The name in a question, and where its type stands. */
function questionIn(message: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

const typeA = 1;

/** A name server on loopback, which answers with an address of IPv4, with `unknown`, or is `silent`. Returns its address, and the names that it was asked for. */
async function nameServer(answers: (name: string) => string): Promise<{ server: string; asked: string[] }> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const { name, end } = questionIn(message);
    asked.push(name);
    const answer = answers(name);
    if (answer === 'silent') return;
    const isA = message.readUInt16BE(end) === typeA;
    const head = Buffer.from(message.subarray(0, end + 4));
    head.writeUInt16BE(answer === 'unknown' ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(answer !== 'unknown' && isA ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const address = Buffer.from(answer === 'unknown' ? [] : answer.split('.').map(Number));
    const record = Buffer.from([0xc0, 0x0c, 0, typeA, 0, 1, 0, 0, 0, 60, 0, 4]);
    socket.send(answer !== 'unknown' && isA ? Buffer.concat([head, record, address]) : head, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  return { server: `127.0.0.1:${socket.address().port}`, asked };
}

const live = new AbortController().signal;
const notAsked = () => Promise.reject(new Error('the system was asked'));
const lookup = (options: LookupOptions) => new HostLookup({ hostsFile: '/nowhere', bySystem: notAsked, ...options });

describe.skipIf(process.platform !== 'linux')('a look-up', () => {
  it('asks the name servers', async () => {
    const { server } = await nameServer(() => '192.0.2.7');
    const addresses = await lookup({ servers: [server] }).addressesOf('a.example.com', live);
    expect(addresses).toEqual([{ address: '192.0.2.7', family: 4 }]);
  });

  it('of some hosts does not wait for the silent servers of others, and those are left as soon as wanted', async () => {
    const { server } = await nameServer((name) => (name.startsWith('dead') ? 'silent' : '192.0.2.7'));
    const names = lookup({ servers: [server] });
    const stop = new AbortController();
    const dead = Array.from({ length: 8 }, (_, index) => names.addressesOf(`dead${index}.example.com`, stop.signal));
    const ends = Promise.allSettled(dead);
    const alive = Array.from({ length: 8 }, (_, index) => names.addressesOf(`live${index}.example.com`, live));
    expect(await Promise.all(alive)).toHaveLength(8);
    stop.abort(new Error('left'));
    expect(await ends).toEqual(dead.map(() => ({ status: 'rejected', reason: new Error('left') })));
  });

  it('of a host whose name server is silent ends by itself, as a temporary failure', async () => {
    const { server, asked } = await nameServer(() => 'silent');
    const waiting = lookup({ servers: [server] }).addressesOf('dead.example.com', live);
    await expect(waiting).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    expect(asked.length).toBeGreaterThan(1);
  });

  it('asks the system about names that the name servers do not know', async () => {
    const { server } = await nameServer(() => 'unknown');
    const bySystem = async (host: string) => [{ address: host === 'redis.lan' ? '10.0.0.9' : '10.0.0.1', family: 4 }];
    const names = lookup({ servers: [server], bySystem });
    expect(await names.addressesOf('redis.lan', live)).toEqual([{ address: '10.0.0.9', family: 4 }]);
  });

  it('leaves names of the hosts file, and localhost, to the system', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const hostsFile = join(folder, 'hosts');
    writeFileSync(hostsFile, '# 10.0.0.1 comment.example.com\n10.0.0.2 Pinned.example.com other # note.example.com\n');
    const { server } = await nameServer(() => '192.0.2.7');
    const names = lookup({ servers: [server], hostsFile, bySystem: async () => [{ address: '10.0.0.2', family: 4 }] });
    const found = async (host: string) => (await names.addressesOf(host, live))[0]?.address;
    expect(await found('pinned.example.com')).toBe('10.0.0.2');
    expect(await found('a.localhost')).toBe('10.0.0.2');
    expect(await found('comment.example.com')).toBe('192.0.2.7');
    expect(await found('note.example.com')).toBe('192.0.2.7');
  });

  it('of an address asks nobody', async () => {
    expect(await lookup({}).addressesOf('::1', live)).toEqual([{ address: '::1', family: 6 }]);
  });
});
