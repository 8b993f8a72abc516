import { describe, expect, it } from 'vitest';
import { aRegion, aRouter, articleRegions } from './support/regions.ts';

/** The map of the article, in its order; two of its regions have no queue there. */
const articleMap = [
  '.co.uk eu-west-1',
  '.de eu-central-1',
  '.fr eu-west-3',
  '.jp ap-northeast-1',
  '.com.au ap-southeast-2',
  '.com us-east-1',
];
const allRegions = ['us-east-1', 'eu-west-1', 'eu-central-1', 'eu-west-3', 'ap-northeast-1', 'ap-southeast-2'];
const regionsOfMap = allRegions.map((name) => aRegion(name));
const regionOf = (router: ReturnType<typeof aRouter>) => (url: string) => router.route(url).region;

describe("faults of the article's code that are fixed here", () => {
  it.each([
    'https://shop.example.de:8443/',
    'https://EXAMPLE.DE/',
    'https://example.de./',
    'https://user:secret@example.de/',
    'example.de/login',
    '//example.de/login',
  ])('S1: port, user info, case, trailing dot and a missing scheme do not hide the host of %s', (url) => {
    expect(regionOf(aRouter(articleMap, {}, regionsOfMap))(url)).toBe('eu-central-1');
  });

  it('S1: a port that looks like a domain matches no rule', () => {
    expect(aRouter(articleMap, {}, regionsOfMap).route('https://example.com:80.de')).toMatchObject({
      ...{ region: null, error: 'not a URL' },
    });
  });

  it('S2: the chosen region is a configured one', () => {
    const urls = ['de', 'fr', 'jp', 'com.au', 'co.uk', 'com', 'br', 'za'].map((end) => `https://example.${end}`);
    const names = articleRegions.map(({ name }) => name);
    expect(urls.map(regionOf(aRouter([]))).filter((region) => !names.includes(region ?? ''))).toEqual([]);
  });

  it('S3: countries of Asia reach the region in Asia, and a region that nothing reaches is named', () => {
    expect(['jp', 'com.au', 'co.kr', 'sg'].map((end) => `https://example.${end}`).map(regionOf(aRouter([])))).toEqual(
      Array.from({ length: 4 }, () => 'ap-southeast-1'),
    );
    const toTheWest = ['.co.uk eu-west-1', '.com us-east-1'];
    expect(aRouter(toTheWest, { countries: false }).unreachable).toEqual(['ap-southeast-1']);
  });

  it('S4: the longest suffix wins, at any position', () => {
    const shorterFirst = ['.au us-east-1', '.uk us-east-1', ...articleMap];
    const router = aRouter(shorterFirst, {}, regionsOfMap);
    expect(['https://a.com.au', 'https://a.co.uk', 'https://a.net.au', 'https://a.uk'].map(regionOf(router))).toEqual([
      'ap-southeast-2',
      'eu-west-1',
      'us-east-1',
      'us-east-1',
    ]);
  });

  it('S4: .uk without .co is in Europe as well', () => {
    expect(regionOf(aRouter([]))('https://example.uk')).toBe('eu-west-1');
  });

  it('S5: the result does not depend on the order of regions', () => {
    const urls = ['https://example.de', 'https://example.jp', 'https://example.com', 'https://example.br'];
    const reversed = aRouter([], {}, articleRegions.toReversed());
    expect(urls.map(regionOf(reversed))).toEqual(urls.map(regionOf(aRouter([]))));
  });
});
