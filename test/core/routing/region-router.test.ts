import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRouter } from '../../../src/core/routing/region-router.ts';
import { aRegion, aRouter, articleRegions, aRule } from './support/regions.ts';
import { runs } from '../../support/exhaustive.ts';

const reasonOf = (router: ReturnType<typeof aRouter>, url: string) => router.route(url).reason;

describe('the router', () => {
  it('returns host, region, rule and reason', () => {
    expect(aRouter(['*.example.de eu-west-1']).route('https://WWW.example.de:8443/login')).toEqual({
      host: 'www.example.de',
      region: 'eu-west-1',
      rule: '*.example.de',
      reason: 'host suffix',
      strict: false,
      error: null,
    });
  });

  it.each([
    ['https://a.test/eu', 'path prefix'],
    ['https://a.test/', 'exact host'],
    ['https://b.a.test/', 'host suffix'],
    ['https://example.de/', 'Germany is nearest to eu-west-1 (1,320 km)'],
    ['https://example.io/', '.io is in generic use'],
    ['https://example.tk/', '.tk is given away for free worldwide'],
    ['https://example.aq/', '.aq is an uninhabited territory'],
    ['https://example.com/', 'no rule matches'],
    ['http://10.0.0.1/', 'ip literal'],
    ['http://[::1]/', 'ip literal'],
    ['ftp://example.de/', 'the scheme is ftp, not http or https'],
    ['https://', 'not a URL'],
  ])('gives for %s the reason: %s', (url, reason) => {
    const rules = ['a.test/eu eu-west-1', 'a.test eu-west-1', '*.a.test eu-west-1'];
    expect(reasonOf(aRouter(rules), url)).toBe(reason);
  });

  it('has no region for an invalid page, with the reason as its error', () => {
    const nowhere = { host: null, region: null, rule: null, reason: 'not a URL', strict: false, error: 'not a URL' };
    expect(aRouter([]).route('http://[::1')).toEqual(nowhere);
  });

  it('has no region without a default, and no error', () => {
    const router = aRouter([], { default: null });
    expect(router.route('https://example.com')).toEqual({
      ...{ host: 'example.com', region: null, rule: null, strict: false, error: null },
      reason: 'no rule matches, and there is no default',
    });
    expect(reasonOf(router, 'https://example.io')).toBe('.io is in generic use, and there is no default');
    expect(reasonOf(router, 'http://10.0.0.1')).toBe('ip literal, and there is no default');
    expect(router.route('https://example.de').region).toBe('eu-west-1');
  });

  it('is strict only if the deciding rule asks for residency', () => {
    const rules = [aRule('a.test eu-west-1', 'strict'), aRule('a.test/us us-east-1')];
    const router = compileRouter(articleRegions, { default: 'us-east-1', countries: true, rules });
    const strictOf = (url: string) => router.route(url).strict;
    expect(['https://a.test/', 'https://a.test/us', 'https://b.test/', 'https://a.de/'].map(strictOf)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('prefers a rule for a country-code domain to its country', () => {
    expect(aRouter(['.de us-east-1']).route('https://example.de')).toMatchObject({
      ...{ region: 'us-east-1', rule: '.de', reason: 'host suffix' },
    });
    expect(aRouter(['*.рф us-east-1']).route('https://пример.рф').rule).toBe('*.рф');
    expect(aRouter(['.io eu-west-1']).route('https://example.io').region).toBe('eu-west-1');
  });

  it('refuses a rule without a host pattern', () => {
    expect(() => aRouter(['https://a.de eu-west-1'])).toThrow(RangeError);
  });

  it('has a result for any text, with either a host or an error', () => {
    const router = aRouter(['a.test/eu eu-west-1', '.b eu-west-1']);
    const part = fc.constantFrom(
      'http',
      's',
      ':',
      '/',
      '\\',
      '.',
      '@',
      '[',
      ']',
      '%',
      '?',
      '#',
      'a.test',
      'eu',
      '\t',
      ' ',
      '0',
      'ü',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      fc.array(part).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (pageurl) => {
        const { host, error } = router.route(pageurl);
        expect(host === null).toBe(error !== null);
        expect(host).not.toBe('');
      }),
      { numRuns: runs(2_000) },
    );
  });

  it.each([
    ['blanks', `a${' '.repeat(300_000)}b`],
    ['blanks around', `${' '.repeat(300_000)}a.test${' '.repeat(300_000)}`],
    ['control characters', `a${'\u0001'.repeat(300_000)}b`],
    ['tabs', `https://a.test/${'\t'.repeat(300_000)}x`],
    ['dots', `https://a${'.'.repeat(300_000)}b.`],
    ['labels', `https://${'a.'.repeat(300_000)}test`],
    ['slashes', `https://a.test/eu${'/'.repeat(300_000)}x`],
    ['segments', `https://a.test${'/eu'.repeat(300_000)}`],
    ['digits', `https://${'1.'.repeat(300_000)}a1`],
  ])('takes no quadratic time for many %s', (_what, url) => {
    expect(aRouter(['a.test/eu eu-west-1', '.test eu-west-1']).route(url)).toBeDefined();
  });

  it('gives the same result for the same text every time', () => {
    const router = aRouter(['a.test/eu eu-west-1']);
    const urls = ['https://a.test/eu', 'https://example.de', 'http://10.0.0.1', 'x y'];
    const once = urls.map((url) => router.route(url));
    expect([...urls, ...urls].map((url) => router.route(url))).toEqual([...once, ...once]);
  });
});

describe('countries', () => {
  it('are ignored if they are disabled', () => {
    const router = aRouter([], { countries: false });
    expect(router.route('https://example.de')).toMatchObject({ rule: 'default', reason: 'no rule matches' });
  });

  it('use the configured location of a region, whatever its name', () => {
    const regions = [aRegion('us-east-1', { location: [52.5, 13.4] }), aRegion('eu-west-1')];
    expect(aRouter([], {}, regions).route('https://example.de')).toMatchObject({
      ...{ region: 'us-east-1', reason: 'Germany is nearest to us-east-1 (0 km)' },
    });
  });

  it('never lead to a region without a known location', () => {
    const regions = [aRegion('my-dc'), ...articleRegions];
    expect(aRouter([], {}, regions).route('https://example.de').region).toBe('eu-west-1');
  });

  it('are ignored if no region has a known location, with a reason', () => {
    const router = aRouter([], { default: 'my-dc' }, [aRegion('my-dc'), aRegion('my-cloud')]);
    expect(router.route('https://example.de')).toMatchObject({
      ...{ region: 'my-dc', rule: 'default', reason: 'no rule matches, and no region has a known location' },
    });
    expect(reasonOf(router, 'https://example.com')).toBe('no rule matches');
    expect(reasonOf(router, 'https://example.io')).toBe('.io is in generic use');
  });

  it('prefer the first of several equally near regions', () => {
    const regions = [aRegion('b', { location: [50, 10] }), aRegion('a', { location: [50, 10] })];
    expect(aRouter([], {}, regions).route('https://example.de').region).toBe('b');
  });

  it.each([
    ['https://example.de', 'eu-central-1'],
    ['https://example.fr', 'eu-west-3'],
    ['https://example.jp', 'ap-northeast-1'],
    ['https://example.com.au', 'ap-southeast-2'],
    ['https://example.co.uk', 'eu-west-2'],
    ['https://example.za', 'af-south-1'],
    ['https://example.com.br', 'sa-east-1'],
    ['https://example.in', 'ap-south-1'],
  ])('with a region in every part of the world, of %s go to %s', (url, region) => {
    const names = ['eu-central-1', 'eu-west-2', 'eu-west-3', 'ap-northeast-1', 'ap-southeast-2', 'af-south-1'];
    const regions = [...names, 'sa-east-1', 'ap-south-1', 'us-west-2'].map((name) => aRegion(name));
    expect(aRouter([], {}, regions).route(url).region).toBe(region);
  });
});

describe('regions that nothing leads to', () => {
  it('are named', () => {
    const router = aRouter(['*.de eu-west-1'], { countries: false });
    expect(router.unreachable).toEqual(['ap-southeast-1']);
  });

  it.each([
    ['a country leads there', aRouter([])],
    ['a rule does', aRouter(['a.test eu-west-1', 'b.test/x ap-southeast-1'], { countries: false })],
    ['the default does', aRouter(['a.test eu-west-1'], { countries: false, default: 'a' }, [aRegion('a')])],
  ])('are none if %s', (_why, router) => {
    expect(router.unreachable).toEqual([]);
  });

  it('include those whose countries are all routed elsewhere by rules', () => {
    const regions = [...articleRegions, aRegion('iceland', { location: [64.1, -21.9] })];
    const aroundIceland = ['.is eu-west-1', '.gl eu-west-1', '.fo eu-west-1', '.sj eu-west-1'];
    expect(aRouter(aroundIceland, {}, regions).unreachable).toEqual(['iceland']);
    expect(aRouter(aroundIceland.slice(1), {}, regions).unreachable).toEqual([]);
  });

  it('include those at the same location as another one', () => {
    const regions = [...articleRegions, aRegion('twin', { location: [53.3, -6.3] })];
    expect(aRouter([], {}, regions).unreachable).toEqual(['twin']);
  });

  it('include all without a known location and without a rule', () => {
    expect(aRouter([], {}, [...articleRegions, aRegion('my-dc')]).unreachable).toEqual(['my-dc']);
  });
});
