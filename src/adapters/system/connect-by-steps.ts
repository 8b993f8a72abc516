import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionReport, ConnectionStep } from '../../ports/api.ts';
import { connectToAny } from '../http/connector.ts';
import { connectionErrorSentence } from '../http/error-phrases.ts';
import { HostLookup } from '../http/host-lookup.ts';

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
    return {
      steps: this.steps,
      failed: error === null ? null : { step: this.#current, error: connectionErrorSentence(error as Error) },
    };
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
  const over = new AbortController();
  const { signal } = over;
  const late = Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' });
  const timer = setTimeout(() => over.abort(late), timeoutMs);
  const taken = new Steps();
  const open: Socket[] = [];
  const secured = async (socket: Socket): Promise<void> => {
    open.push(socket.on('error', () => undefined));
    await once(socket, 'secureConnect', { signal });
  };
  try {
    const resolve = () => new HostLookup().addressesOf(host, signal);
    const addresses = isIP(host) === 0 ? await taken.take('DNS', resolve) : await resolve();
    const socket = await taken.take('TCP', () => connectToAny(addresses, port, { signal }));
    open.push(socket);
    const servername = isIP(host) === 0 ? { servername: host } : {};
    if (isTls) await taken.take('TLS', () => secured(connectTls({ socket, host, ...servername })));
    return taken.report(null);
  } catch (error) {
    return taken.report(error);
  } finally {
    clearTimeout(timer);
    for (const socket of open) socket.destroy();
  }
}
