import { connect as connectTcp, type Socket } from 'node:net';
import type { buildConnector as UndiciConnector } from 'undici';
import { codeOf } from '../system/system-error.ts';
import { type HostAddress, HostLookup } from './host-lookup.ts';
import { buildConnector } from './undici.ts';

/** Opens a connection to one address; undici's connector takes what it returns. */
export type OpenSocket = (address: HostAddress, port: number) => Socket;

export interface ConnectorOptions {
  /** Limit of a connection in ms: look-up, all addresses and TLS together. */
  readonly timeoutMs: number;
  readonly lookup?: Pick<HostLookup, 'addressesOf'> | undefined;
  readonly openSocket?: OpenSocket;
}

/** The next address is tried after this time, while the attempts before it go on (RFC 8305). */
const nextAddressMs = 250;
const keepAliveMs = 60_000;

const openTcp: OpenSocket = ({ address, family }, port) =>
  connectTcp({ host: address, port, family, autoSelectFamily: false });

/** Says less than the error of another address: this machine has no route for the family. */
const noRoute = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/**
 * Connects to the first of several addresses that answers. Node's own way gives up each attempt after 250 ms, so that it
 * reaches no host that is further away than that.
 */
export function connectToAny(
  addresses: readonly HostAddress[],
  port: number,
  { signal, openSocket = openTcp }: { readonly signal: AbortSignal; readonly openSocket?: OpenSocket | undefined },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>();
    const errors: Error[] = [];
    let next = 0;
    let timer: NodeJS.Timeout | undefined;
    const settle = (winner: Socket | null, settled: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      for (const socket of open) if (socket !== winner) socket.destroy();
      open.clear();
      settled();
    };
    const giveUp = (): void => settle(null, () => reject(signal.reason as Error));
    const fail = (socket: Socket, error: Error): void => {
      if (!open.delete(socket)) return;
      errors.push(error);
      if (next < addresses.length) tryNext();
      else if (open.size === 0) {
        const telling = errors.find((each) => !noRoute.has(codeOf(each) ?? '')) ?? error;
        settle(null, () => reject(telling));
      }
    };
    const tryNext = (): void => {
      clearTimeout(timer);
      const address = addresses[next];
      if (address === undefined) return;
      next += 1;
      const socket = openSocket(address, port);
      open.add(socket);
      socket.on('error', (error) => fail(socket, error));
      socket.once('connect', () => settle(socket, () => resolve(socket)));
      timer = setTimeout(tryNext, nextAddressMs);
    };
    if (signal.aborted) giveUp();
    else {
      signal.addEventListener('abort', giveUp);
      tryNext();
    }
  });
}

function timedOut(host: string): Error {
  return Object.assign(new Error(`no connection to ${host} in time`), { code: 'UND_ERR_CONNECT_TIMEOUT' });
}

/** Connections for undici, to the addresses that `HostLookup` finds. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #lookup: Pick<HostLookup, 'addressesOf'>;
  readonly #tls: ReturnType<typeof buildConnector>;
  readonly #attempts = new Set<AbortController>();

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#lookup = options.lookup ?? new HostLookup();
    this.#tls = buildConnector({ timeout: 0 });
  }

  /** undici's connector. */
  readonly connect: UndiciConnector.connector = (options, callback) => {
    const attempt = new AbortController();
    this.#attempts.add(attempt);
    const timer = setTimeout(() => attempt.abort(timedOut(options.hostname)), this.#options.timeoutMs);
    this.#open(options, attempt.signal)
      .finally(() => {
        clearTimeout(timer);
        this.#attempts.delete(attempt);
      })
      .then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(error as Error, null),
      );
  };

  /** Ends the attempts that are under way. */
  close(): void {
    const closed = Object.assign(new Error('closed'), { code: 'UND_ERR_DESTROYED' });
    for (const attempt of this.#attempts) attempt.abort(closed);
  }

  async #open(options: UndiciConnector.Options, signal: AbortSignal): Promise<Socket> {
    const { hostname, protocol, port } = options;
    const socket = options.httpSocket ?? (await this.#openTcp(hostname, portOf(protocol, port), signal));
    const isTls = protocol === 'https:';
    return withoutContinue(isTls ? await this.#secure({ ...options, httpSocket: socket }, signal) : socket);
  }

  async #openTcp(hostname: string, port: number, signal: AbortSignal): Promise<Socket> {
    const host = hostname.replace(/^\[|\]$/g, '');
    const addresses = await abortable(this.#lookup.addressesOf(host, signal), signal);
    const socket = await connectToAny(addresses, port, { signal, openSocket: this.#options.openSocket });
    return socket.setNoDelay(true).setKeepAlive(true, keepAliveMs);
  }

  #secure(options: UndiciConnector.Options, signal: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = this.#tls(options, (error, secured) => {
        signal.removeEventListener('abort', giveUp);
        if (error === null) resolve(secured);
        else reject(error);
      });
      const giveUp = (): void => {
        socket.destroy();
        options.httpSocket?.destroy();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp);
    });
  }
}

/** The end of a head that begins with the status 100; 0 if the bytes begin with something else, or end inside the head. */
function endOfContinue(bytes: Buffer): number {
  // Nearly every read begins with another status: its first digit decides.
  if (bytes[9] !== 0x31) return 0;
  if (!/^HTTP\/1\.[01] 100[ \r]/.test(bytes.toString('latin1', 0, 14))) return 0;
  const end = bytes.indexOf('\r\n\r\n');
  return end === -1 ? 0 : end + 4;
}

/**
 * Takes `100 Continue` out of what a server sends. Servers may send it without having been asked (RFC 9110, 15.2), and
 * undici closes the connection then: a paid submission would be lost.
 */
function withoutContinue(socket: Socket): Socket {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  socket.read = (size?: number): Buffer | null => {
    for (let bytes = read(size); bytes !== null; bytes = read(size)) {
      let rest = bytes;
      for (let end = endOfContinue(rest); end > 0; end = endOfContinue(rest)) rest = rest.subarray(end);
      if (rest.length > 0) return rest;
    }
    return null;
  };
  return socket;
}

const portOf = (protocol: string, port: string): number =>
  Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port);

/** The system's look-up cannot be cancelled, only left. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
