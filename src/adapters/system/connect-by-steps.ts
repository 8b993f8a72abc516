import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionReport, ConnectionStep } from '../../ports/api.ts';
import { connectionErrorSentence } from '../http/error-phrases.ts';

/** If all addresses failed, the first error is as good as any. */
function explain(error: unknown): string {
  const { errors } = error as { errors?: readonly unknown[] };
  return connectionErrorSentence((errors?.[0] ?? error) as Error);
}

type Addresses = readonly { readonly address: string; readonly family: number }[];

/** A DNS look-up cannot be cancelled, only ignored. */
async function resolved(host: string, signal: AbortSignal): Promise<Addresses> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  const left = new AbortController();
  const late = once(signal, 'abort', { signal: left.signal }).then(() => {
    throw signal.reason as Error;
  });
  late.catch(() => undefined);
  return Promise.race([lookup(host, { all: true }), late]).finally(() => left.abort());
}

/** A look-up function that returns known addresses, so that only connecting is measured. */
function answering(addresses: Addresses): LookupFunction {
  return (_host, { all }, callback) => {
    if (all === true) callback(null, [...addresses]);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  };
}

/** The steps of one connection: each is timed, and the first failure ends them. */
class Steps {
  readonly steps: { step: ConnectionStep; durationMs: number }[] = [];
  #current: ConnectionStep = 'DNS';

  async take<T>(step: ConnectionStep, work: () => Promise<T>): Promise<T> {
    this.#current = step;
    const startedAtMs = performance.now();
    const result = await work();
    this.steps.push({ step, durationMs: performance.now() - startedAtMs });
    return result;
  }

  report(error: unknown): ConnectionReport {
    return { steps: this.steps, failed: error === null ? null : { step: this.#current, error: explain(error) } };
  }
}

/**
 * Connects to a URL's host step by step (DNS, TCP, TLS for https), disconnects, and reports the duration of each step
 * or the one that failed. Never rejects.
 */
export async function connectBySteps(url: URL, timeoutMs: number): Promise<ConnectionReport> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const signal = AbortSignal.timeout(timeoutMs);
  const taken = new Steps();
  const open: Socket[] = [];
  const opened = async (socket: Socket, event: string): Promise<Socket> => {
    open.push(socket.on('error', () => undefined));
    await once(socket, event, { signal });
    return socket;
  };
  try {
    const resolve = (): Promise<Addresses> => resolved(host, signal);
    const addresses = isIP(host) === 0 ? await taken.take('DNS', resolve) : await resolve();
    const tcp = () => opened(connectTcp({ host, port, lookup: answering(addresses) }), 'connect');
    const socket = await taken.take('TCP', tcp);
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const tls = () => opened(connectTls({ socket, host, ...servername }), 'secureConnect');
    if (isTls) await taken.take('TLS', tls);
    return taken.report(null);
  } catch (error) {
    return taken.report(error);
  } finally {
    for (const socket of open) socket.destroy();
  }
}
