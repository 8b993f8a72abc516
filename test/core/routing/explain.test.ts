import { describe, expect, it } from 'vitest';
import { aRouter } from './support/regions.ts';

const router = aRouter([
  '.com us-east-1',
  '*.example.com eu-west-1',
  'shop.example.com ap-southeast-1',
  'shop.example.com/eu eu-west-1',
  'shop.example.com/eu/uk us-east-1',
]);

function explained(url: string): readonly string[] {
  return router
    .explain(url)
    .map(({ rule, region, matches, reason }) => `${matches ? '+' : '-'} ${rule} ${region}: ${reason}`);
}

describe('explain', () => {
  it('lists every rule, most specific first, with the deciding, overruled and non-matching ones', () => {
    expect(explained('https://shop.example.com/eu/cart')).toEqual([
      '- shop.example.com/eu/uk us-east-1: another path',
      '+ shop.example.com/eu eu-west-1: path prefix',
      '+ shop.example.com ap-southeast-1: less specific than shop.example.com/eu',
      '+ *.example.com eu-west-1: less specific than shop.example.com/eu',
      '+ .com us-east-1: less specific than shop.example.com/eu',
      '+ default us-east-1: less specific than shop.example.com/eu',
    ]);
  });

  it.each([
    ['https://shop.example.com/europe', '- shop.example.com/eu eu-west-1: matches whole segments only'],
    ['https://example.com/', '- *.example.com eu-west-1: matches subdomains of example.com, not example.com itself'],
    ['https://notexample.com/', '- *.example.com eu-west-1: matches whole labels only'],
    ['https://example.org/', '- *.example.com eu-west-1: another suffix'],
    ['https://example.org/', '- shop.example.com ap-southeast-1: another host'],
    ['https://example.org/eu', '- shop.example.com/eu eu-west-1: another host'],
    ['https://example.org/', '+ default us-east-1: no rule matches'],
    ['https://example.de/', '+ .de eu-west-1: Germany is nearest to eu-west-1 (1,320 km)'],
    ['https://example.de/', '+ default us-east-1: less specific than .de'],
    ['https://example.io/', '+ default us-east-1: .io is in generic use'],
    ['http://10.0.0.1/', '+ default us-east-1: ip literal'],
    ['http://localhost/', '+ default us-east-1: no rule matches'],
  ])('of %s contains: %s', (url, line) => {
    expect(explained(url)).toContain(line);
  });

  it('omits a country that a rule overrides, and a missing default', () => {
    const rules = aRouter(['.de us-east-1'], { default: null });
    expect(rules.explain('https://example.de').map(({ rule }) => rule)).toEqual(['.de']);
    expect(rules.explain('https://example.fr').map(({ rule }) => rule)).toEqual(['.de', '.fr']);
  });

  it('is empty for an invalid page', () => {
    expect(router.explain('ftp://example.com')).toEqual([]);
    expect(router.explain('https://')).toEqual([]);
  });
});
