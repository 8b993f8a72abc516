import { describe, expect, it } from 'vitest';
import { compileRouter } from '../../../src/core/routing/region-router.ts';
import { aRegion, articleRegions, aRule } from './support/regions.ts';
import { readTable } from './support/text-table.ts';

const rules = [
  aRule('*.example.de my-dc'),
  aRule('.example.com eu-west-1'),
  aRule('*.eu.example.com my-dc'),
  aRule('Shop.Example.COM. ap-southeast-1'),
  aRule('shop.example.com/eu my-dc', 'strict'),
  aRule('shop.example.com/eu/uk/ eu-west-1'),
  aRule('.co.uk my-dc'),
  aRule('.com.au us-east-1'),
  aRule('10.0.0.5 my-dc'),
  aRule('[2001:DB8:0::1] eu-west-1'),
  aRule('*.例え.jp my-dc'),
  aRule('bücher.example eu-west-1'),
  aRule('intranet my-dc'),
  aRule('a.test/x%20y my-dc'),
  aRule('a.test/Größe eu-west-1'),
  aRule('*.gov ap-southeast-1'),
];
const regions = [...articleRegions, aRegion('my-dc')];
const routes = { default: 'us-east-1', countries: true, rules };
const router = compileRouter(regions, routes);

const golden = readTable('golden-routes.txt').map(({ heading, cells }) => {
  const [url = '', host = '', region = '', rule = ''] = cells;
  return { heading, url, host, region, rule };
});

function rowOf(url: string) {
  const { host, region, rule, strict } = router.route(url);
  return { host: host ?? '-', region: `${region ?? '-'}${strict ? '!' : ''}`, rule: rule ?? '-' };
}

describe('the table of golden routes', () => {
  it('has at least 200 pages, none of them twice', () => {
    expect(golden.length).toBeGreaterThanOrEqual(200);
    expect(new Set(golden.map(({ url }) => url)).size).toBe(golden.length);
  });

  it.each(golden)('$heading: $url', ({ url, host, region, rule }) => {
    expect(rowOf(url)).toEqual({ host, region, rule });
  });

  it.each(golden)('has an error only without a host: $url', ({ url, host }) => {
    expect(router.route(url).error !== null).toBe(host === '-');
  });

  it('is independent of the order of the rules', () => {
    const reversed = compileRouter(regions, { ...routes, rules: rules.toReversed() });
    expect(golden.map(({ url }) => reversed.route(url))).toEqual(golden.map(({ url }) => router.route(url)));
  });

  it('agrees with explain: the first matching rule decides', () => {
    const explained = golden.map(({ url }) => router.explain(url).find(({ matches }) => matches)?.rule ?? '-');
    expect(explained).toEqual(golden.map(({ rule }) => rule));
  });
});
