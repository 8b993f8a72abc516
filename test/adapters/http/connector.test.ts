import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectToAny, Connector } from '../../../src/adapters/http/connector.ts';
import type { HostAddress } from '../../../src/adapters/http/host-lookup.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const v6: HostAddress = { address: '2001:db8::1', family: 6 };
const v4: HostAddress = { address: '192.0.2.1', family: 4 };
const live = new AbortController().signal;

/** What becomes of a connection to an address, and when: an error code, or null once it stands. */
type Fate = readonly [afterMs: number, code: string | null] | 'nothing';

/** Connections that are as slow as the test says. */
class SlowNetwork {
  readonly opened: string[] = [];
  readonly destroyed: string[] = [];
  readonly #fates: Readonly<Record<string, Fate>>;

  constructor(fates: Readonly<Record<string, Fate>>) {
    this.#fates = fates;
  }

  readonly openSocket = ({ address }: HostAddress): Socket => {
    const socket = Object.assign(new EventEmitter(), {
      address,
      destroy: () => this.destroyed.push(address),
      setNoDelay: () => socket,
      setKeepAlive: () => socket,
      read: () => null,
    });
    this.opened.push(address);
    const fate = this.#fates[address] ?? 'nothing';
    if (fate !== 'nothing') {
      const [afterMs, code] = fate;
      const happen = () => (code === null ? socket.emit('connect') : socket.emit('error', withCode(code)));
      setTimeout(happen, afterMs);
    }
    return socket as unknown as Socket;
  };
}

const withCode = (code: string): Error => Object.assign(new Error(code), { code });

describe('a connection to one of several addresses', () => {
  it('to a far host that has no route for one family comes about, however long it takes', async () => {
    const network = new SlowNetwork({ [v6.address]: [0, 'ENETUNREACH'], [v4.address]: [3_500, null] });
    const connecting = connectToAny([v6, v4], 80, { signal: live, openSocket: network.openSocket });
    await vi.advanceTimersByTimeAsync(3_500);
    expect(await connecting).toMatchObject({ address: v4.address });
  });

  it('tries the next address after 250 ms, and lets the first one go on', async () => {
    const network = new SlowNetwork({ [v6.address]: [400, null] });
    const connecting = connectToAny([v6, v4], 80, { signal: live, openSocket: network.openSocket });
    await vi.advanceTimersByTimeAsync(249);
    expect(network.opened).toEqual([v6.address]);
    await vi.advanceTimersByTimeAsync(1);
    expect(network.opened).toEqual([v6.address, v4.address]);
    await vi.advanceTimersByTimeAsync(150);
    expect(await connecting).toMatchObject({ address: v6.address });
    expect(network.destroyed).toEqual([v4.address]);
  });

  it('reports the error that says more than that there is no route', async () => {
    const network = new SlowNetwork({ [v6.address]: [0, 'ENETUNREACH'], [v4.address]: [350, 'ECONNREFUSED'] });
    const failing = expect(
      connectToAny([v4, v6], 80, { signal: live, openSocket: network.openSocket }),
    ).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    await vi.advanceTimersByTimeAsync(400);
    await failing;
  });

  it('ends with its signal', async () => {
    const network = new SlowNetwork({});
    const stop = new AbortController();
    const failing = expect(
      connectToAny([v6, v4], 80, { signal: stop.signal, openSocket: network.openSocket }),
    ).rejects.toThrow('stop');
    await vi.advanceTimersByTimeAsync(300);
    stop.abort(new Error('stop'));
    await failing;
    expect(network.destroyed).toEqual([v6.address, v4.address]);
  });
});

describe('a connector', () => {
  const options = { hostname: 'a.example.com', protocol: 'http:', port: '80' };

  it('gives up a look-up and a connection together after its limit', async () => {
    const lookup = {
      addressesOf: (): Promise<readonly HostAddress[]> =>
        new Promise((resolve) => {
          setTimeout(() => resolve([v4]), 3_000);
        }),
    };
    const network = new SlowNetwork({});
    const results: unknown[] = [];
    const connector = new Connector({ timeoutMs: 5_000, lookup, openSocket: network.openSocket });
    connector.connect(options, (...[error]) => void results.push(error));
    await vi.advanceTimersByTimeAsync(4_999);
    expect([results, network.opened]).toEqual([[], [v4.address]]);
    await vi.advanceTimersByTimeAsync(1);
    expect(results).toMatchObject([{ code: 'UND_ERR_CONNECT_TIMEOUT' }]);
    expect(network.destroyed).toEqual([v4.address]);
  });

  it('ends what is under way when it is closed', async () => {
    const never = { addressesOf: () => new Promise<readonly HostAddress[]>(() => undefined) };
    const results: unknown[] = [];
    const connector = new Connector({ timeoutMs: 5_000, lookup: never });
    connector.connect(options, (...[error]) => void results.push(error));
    connector.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(results).toMatchObject([{ code: 'UND_ERR_DESTROYED' }]);
  });
});
