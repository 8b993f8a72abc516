import type { HostPattern } from '../../domain/host-pattern.ts';
import { canonicalSegment, pathSegments } from '../../domain/path-segments.ts';

function hostMismatch(pattern: HostPattern, host: string): string | null {
  return pattern.host === host ? null : 'another host';
}

function suffixMismatch(pattern: HostPattern, host: string): string | null {
  if (host.endsWith(`.${pattern.host}`)) return null;
  if (host === pattern.host) return `matches what is below ${host}, not ${host} itself`;
  return host.endsWith(pattern.host) ? 'matches whole labels only' : 'another suffix';
}

function pathMismatch(pattern: HostPattern, pathname: string): string | null {
  const begin = pathSegments(pathname).slice(0, pattern.segments.length).map(canonicalSegment);
  const differing = pattern.segments.findIndex((segment, index) => begin[index] !== segment);
  if (differing === -1) return null;
  const isLonger = begin[differing]?.startsWith(pattern.segments[differing] ?? '') ?? false;
  return isLonger ? 'matches whole segments only' : 'another path';
}

/** Why a pattern does not match a page, in a few words, or null where it does; `host` is that of `url`. */
export function ruleMismatch(pattern: HostPattern, host: string, url: URL): string | null {
  if (pattern.scope === 'all') return null;
  if (pattern.scope === 'below') return suffixMismatch(pattern, host);
  return hostMismatch(pattern, host) ?? (pattern.scope === 'path' ? pathMismatch(pattern, url.pathname) : null);
}
