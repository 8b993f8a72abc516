import { isBareIpv6 } from '../../domain/ip-literal.ts';
import { isReadInTwoWays } from './read-in-two-ways.ts';

/** What stands before a host, as far as a person writes it. */
const beforeHost = /^\s*(?:[a-z][a-z\d+.-]*:)?\/*/i;
const inNoHost = /[\s,;"'()|<>^%]/;

function hostAsWritten(text: string): string {
  const rest = text.trimEnd().replace(beforeHost, '');
  const end = rest.search(/[/?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  return authority.slice(authority.lastIndexOf('@') + 1);
}

/** Why a text that names no host of the web is no page, as a phrase for whoever wrote it. */
export function pageFault(text: string): string {
  if (isReadInTwoWays(text)) return 'a backslash, tab or line end is read in two ways: percent-encode it';
  const [address = ''] = text.trim().split('/', 1);
  if (isBareIpv6(address)) return `an IPv6 address stands in brackets: write [${address}]`;
  const stranger = inNoHost.exec(hostAsWritten(text))?.[0];
  if (stranger === undefined) return 'not a URL';
  return `its host has ${stranger.trim() === '' ? 'a blank' : stranger} in it, which no host has`;
}
