import { lookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFileSync, statSync } from 'node:fs';
import { isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { codeOf } from '../system/system-error.ts';

export interface HostAddress {
  readonly address: string;
  readonly family: number;
}

/** Where addresses are looked up. The defaults are those of this machine. */
export interface LookupOptions {
  /** Name servers, as `address` or `address:port`; undefined: those of resolv.conf. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  /** Looks up by all means that the system has. It uses a thread, of which there are few, and cannot be cancelled. */
  readonly bySystem?: (host: string) => Promise<readonly HostAddress[]>;
}

/** A look-up takes up to twice this time. */
const answerWithinMs = 2_500;
/** How long the second kind of address is waited for after the first one (RFC 8305). */
const otherFamilyMs = 50;
/** Larger files are left to the system. */
const maxHostsBytes = 4 * 1024 * 1024;

function lookupBySystem(host: string): Promise<readonly HostAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });
}

/** The error for a look-up without an answer, as the system reports it. */
function noAnswer(host: string): Error {
  return Object.assign(new Error(`no name server answered for ${host}`), { code: 'EAI_AGAIN', syscall: 'getaddrinfo' });
}

function noAddress(host: string): Error {
  return Object.assign(new Error(`${host} has no such address`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
}

const isGlobal = (address: string): boolean => !/^(?:fe[89ab]|f[cd]|::1$)/i.test(address);

/** Whether this machine can reach addresses of IPv6 outside of its own network. */
function hasIpv6(): boolean {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.some(({ family, internal, address }) => family === 'IPv6' && !internal && isGlobal(address));
}

/** One family after the other, so that a family without a route delays a connection once only. */
function alternating(first: readonly HostAddress[], second: readonly HostAddress[]): readonly HostAddress[] {
  const count = Math.max(first.length, second.length);
  return Array.from({ length: count }, (_, index) => [first[index], second[index]])
    .flat()
    .filter((each) => each !== undefined);
}

/**
 * Finds the addresses of hosts. Name servers are asked directly, since the system's own look-up takes a thread for as
 * long as a server is silent (10 to 30 s): two silent servers would stop all look-ups, and keep the process from ending.
 * The system is asked about names without a dot, and about names that the name servers do not know (search domains, mDNS),
 * which takes no such time.
 */
export class HostLookup {
  readonly #servers: readonly string[] | undefined;
  readonly #hostsFile: string;
  readonly #bySystem: (host: string) => Promise<readonly HostAddress[]>;
  #hosts: { readonly version: string; readonly text: string } = { version: '', text: '' };

  constructor({ servers, hostsFile = '/etc/hosts', bySystem = lookupBySystem }: LookupOptions = {}) {
    this.#servers = servers;
    this.#hostsFile = hostsFile;
    this.#bySystem = bySystem;
  }

  /**
   * The addresses of a host in the order in which to try them, at least one. Rejects with the system's error codes, and
   * with the reason of `signal` when it aborts.
   */
  async addressesOf(host: string, signal: AbortSignal): Promise<readonly HostAddress[]> {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    // Elsewhere than on Linux the system has name servers that resolv.conf does not name, as of a VPN.
    const isLocal = /(?:^|\.)localhost\.?$/i.test(host);
    // The system completes a name without a dot (`redis`) by its search domains; name servers may not even answer for it.
    const isShort = !host.includes('.');
    if (isLocal || isShort || process.platform !== 'linux' || this.#isInHostsFile(host)) return this.#bySystem(host);
    return (await this.#byServers(host, signal)) ?? this.#bySystem(host);
  }

  /** Null if the name servers do not know the host. */
  async #byServers(host: string, signal: AbortSignal): Promise<readonly HostAddress[] | null> {
    const resolver = new Resolver({ timeout: answerWithinMs, tries: 2 });
    if (this.#servers !== undefined) resolver.setServers(this.#servers);
    const cancel = (): void => resolver.cancel();
    const leave = (): void => {
      if (signal.aborted) throw signal.reason as Error;
    };
    leave();
    signal.addEventListener('abort', cancel);
    try {
      return await bothFamilies(host, resolver);
    } catch (error) {
      leave();
      if (codeOf(error) === 'ETIMEOUT') throw noAnswer(host);
      return null;
    } finally {
      signal.removeEventListener('abort', cancel);
      resolver.cancel();
    }
  }

  /** True also if the file cannot be read here: the system knows better. */
  #isInHostsFile(host: string): boolean {
    try {
      const { mtimeMs, size, ino } = statSync(this.#hostsFile);
      if (size > maxHostsBytes) return true;
      const version = `${ino} ${size} ${mtimeMs}`;
      if (version !== this.#hosts.version) this.#hosts = { version, text: readFileSync(this.#hostsFile, 'latin1') };
    } catch (error) {
      return codeOf(error) !== 'ENOENT';
    }
    const name = host.replace(/\.$/, '').toLowerCase();
    const lines = this.#hosts.text.toLowerCase().split('\n');
    return lines.some((line) => line.includes(name) && line.replace(/#.*/, '').split(/\s+/).slice(1).includes(name));
  }
}

/** The addresses of both families. Rejects with the error of the first family if there are none. */
async function bothFamilies(host: string, resolver: Resolver): Promise<readonly HostAddress[]> {
  const found: Record<4 | 6, readonly HostAddress[]> = { 4: [], 6: [] };
  const asked = ([4, 6] as const).map(async (family) => {
    const addresses = await (family === 4 ? resolver.resolve4(host) : resolver.resolve6(host));
    found[family] = addresses.map((address) => ({ address, family }));
  });
  let timer: NodeJS.Timeout | undefined;
  const any = await Promise.any(asked).then(
    () => true,
    () => false,
  );
  if (!any) await asked[0];
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, otherFamilyMs)));
  await Promise.race([Promise.allSettled(asked), late]);
  clearTimeout(timer);
  return hasIpv6() ? alternating(found[6], found[4]) : alternating(found[4], found[6]);
}

/** Options of Node's sockets and agents by which they find addresses. */
export interface SocketLookup {
  readonly lookup: LookupFunction;
  readonly autoSelectFamilyAttemptTimeout: number;
}

/** Node gives up each address after this time and tries the next one. Its default of 250 ms reaches no distant host. */
const attemptTimeoutMs = 2_000;
const never = new AbortController().signal;

/** The look-up for libraries that open their own sockets. */
export function socketLookup(hosts: Pick<HostLookup, 'addressesOf'> = new HostLookup()): SocketLookup {
  const lookup: LookupFunction = (host, { all, family }, callback) => {
    hosts.addressesOf(host, never).then(
      (found) => {
        const fitting = found.filter((each) => (family !== 4 && family !== 6) || each.family === family);
        const [first] = fitting;
        if (first === undefined) callback(noAddress(host), []);
        else if (all === true) callback(null, [...fitting]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as Error, []),
    );
  };
  return { lookup, autoSelectFamilyAttemptTimeout: attemptTimeoutMs };
}
