import { describe, expect, it } from 'vitest';
import { type HostPattern, parseHostPattern } from '../../src/domain/host-pattern.ts';

describe('a host pattern', () => {
  it.each<[string, HostPattern['scope'], string]>([
    ['*', 'all', '*'],
    ['example.com', 'host', 'example.com'],
    ['Example.COM.', 'host', 'example.com'],
    ['bücher.de', 'host', 'xn--bcher-kva.de'],
    ['XN--BCHER-KVA.de', 'host', 'xn--bcher-kva.de'],
    ['localhost', 'host', 'localhost'],
    ['10.0.0.5', 'host', '10.0.0.5'],
    ['0xa.5', 'host', '10.0.0.5'],
    ['[::1]', 'host', '[::1]'],
    ['[0:0::1]', 'host', '[::1]'],
    ['example.com/', 'host', 'example.com'],
    ['example.com//', 'host', 'example.com'],
    ['*.example.com', 'below', '*.example.com'],
    ['.example.com', 'below', '*.example.com'],
    ['.Example.COM.', 'below', '*.example.com'],
    ['*.bücher.de', 'below', '*.xn--bcher-kva.de'],
    ['.uk', 'below', '*.uk'],
    ['*.рф', 'below', '*.xn--p1ai'],
    ['example.com/eu', 'path', 'example.com/eu'],
    ['Example.com/eu/', 'path', 'example.com/eu'],
    ['example.com/EU', 'path', 'example.com/EU'],
    ['example.com/a/../eu', 'path', 'example.com/eu'],
    ['example.com/%65u', 'path', 'example.com/eu'],
    ['example.com/a%2fb', 'path', 'example.com/a%2Fb'],
    ['example.com/Größe', 'path', 'example.com/Gr%C3%B6%C3%9Fe'],
    ['example.com//eu', 'path', 'example.com//eu'],
    ['[::1]/eu', 'path', '[::1]/eu'],
  ])('%s has scope %s: %s', (text, scope, canonical) => {
    expect(parseHostPattern(text)).toMatchObject({ value: { scope, canonical } });
  });

  it.each([
    ['https://example.com', 'has a scheme'],
    ['//example.com', 'has a scheme'],
    ['example.com:443', 'has a port'],
    ['example.com:', 'has a port'],
    ['example.com:443/eu', 'has a port'],
    ['*.example.com:443', 'has a port'],
    ['[::1]:80', 'has a port'],
    ['user@example.com', 'has user info'],
    ['user:secret@example.com/eu', 'has user info'],
    ['example.com?x=1', 'has a query'],
    ['example.com/eu?x=1', 'has a query'],
    ['example.com#top', 'has a fragment'],
    ['exam ple.com', 'has a space'],
    ['example.com\\eu', 'has a space, a backslash'],
    ['exa\u0000mple.com', 'has a space, a backslash or a control character'],
    ['www.*.com', 'has a * in the wrong place'],
    ['*example.com', 'has a * in the wrong place'],
    ['**.example.com', 'has a * in the wrong place'],
    ['*.*.com', 'has a * in the wrong place'],
    ['*.example.com/eu', 'has a path after a suffix'],
    ['.example.com/eu', 'has a path after a suffix'],
    ['', 'is not a host'],
    ['.', 'is not a host'],
    ['*.', 'is not a host'],
    ['..de', 'is not a host'],
    ['*..de', 'is not a host'],
    ['a..de', 'is not a host'],
    ['/eu', 'is not a host'],
    ['exa%mple.com', 'is not a host'],
    ['1.2.3.4.5', 'is not a host'],
    ['[::1', 'is not a host'],
    ['*.10.0.0.5', 'is below an IP address'],
    ['.1', 'is below an IP address'],
  ])('%j is rejected: it %s', (text, problem) => {
    expect(parseHostPattern(text)).toEqual({ error: expect.stringContaining(problem) as string });
  });

  it('may contain a star in its path, which is not a wildcard', () => {
    expect(parseHostPattern('example.com/a*b')).toMatchObject({ value: { segments: ['a*b'] } });
  });
});
