import { describe, expect, it } from 'vitest';
import { withProxy } from '../../src/protocol/proxy.ts';

const read = (proxy: string, proxytype?: string): unknown =>
  withProxy({ a: '1', proxy, ...(proxytype !== undefined && { proxytype }) });

describe('a proxy', () => {
  it.each([
    ['1.2.3.4:80', 'HTTP', '1.2.3.4:80', 'HTTP'],
    ['user:pw@host.example:80', 'socks5', 'user:pw@host.example:80', 'SOCKS5'],
    [' user:p@w@host:80 ', 'https', 'user:p@w@host:80', 'HTTPS'],
    ['http://user:pw@host:1', undefined, 'user:pw@host:1', 'HTTP'],
    ['http://user:p%40w@host:1/', 'HTTP', 'user:p@w@host:1', 'HTTP'],
    ['socks5h://1.2.3.4:1080', undefined, '1.2.3.4:1080', 'SOCKS5'],
    ['http://[::1]:80', undefined, '[::1]:80', 'HTTP'],
    ['host.example:80:user:pw', 'HTTP', 'user:pw@host.example:80', 'HTTP'],
    ['host.example:80:user:p:w', 'HTTP', 'user:p:w@host.example:80', 'HTTP'],
    ['user:pw:host.example:80', 'HTTP', 'user:pw@host.example:80', 'HTTP'],
    ['user:123:1.2.3.4:80', 'HTTP', 'user:123@1.2.3.4:80', 'HTTP'],
    ['http:host.example:80:user:pw', undefined, 'user:pw@host.example:80', 'HTTP'],
  ])('%j of the type %s is sent as %s, %s', (proxy, type, sent, sentType) => {
    expect(read(proxy, type)).toEqual({ value: { a: '1', proxy: sent, proxytype: sentType } });
  });

  it.each([
    ['1.2.3.4:80', undefined, 'proxytype', 'proxy needs proxytype'],
    ['1.2.3.4:80', 'VPN', 'proxytype', 'proxytype is unknown'],
    ['http://1.2.3.4:80', 'SOCKS5', 'proxytype', 'different types'],
    ['1.2.3.4', 'HTTP', 'proxy', 'not an address with a port'],
    ['secret@1.2.3.4', 'HTTP', 'proxy', 'not an address with a port'],
    ['1.2.3.4:99999', 'HTTP', 'proxy', 'not an address with a port'],
    ['ftp://1.2.3.4:80', 'HTTP', 'proxy', 'not an address with a port'],
  ])('%j of the type %s is refused', (proxy, type, about, reason) => {
    const refused = read(proxy, type);
    expect(refused).toMatchObject({ error: { about, reason: expect.stringContaining(reason) as string } });
    expect(JSON.stringify(refused)).not.toContain('secret');
  });

  it.each(['proxyAddress', 'proxyPort', 'proxy_login', 'http_proxy'])('is not %s', (name) => {
    expect(withProxy({ [name]: 'secret' })).toMatchObject({ error: { about: name } });
  });

  it('may have its names in another spelling, and may be missing', () => {
    expect(withProxy({ Proxy: 'h:1', proxyType: 'http' })).toEqual({ value: { proxy: 'h:1', proxytype: 'HTTP' } });
    expect(withProxy({ proxytype: 'HTTP' })).toEqual({ value: { proxytype: 'HTTP' } });
    expect(withProxy({ a: '1' })).toEqual({ value: { a: '1' } });
  });
});
