import { describe, expect, it } from 'vitest';
import { cloudRegionLocation } from '../../../src/core/routing/data/cloud-regions.ts';
import { greatCircleKm, type Location } from '../../../src/core/routing/great-circle.ts';
import { distanceKm, locatedRegions, nearestRegion } from '../../../src/core/routing/nearest-region.ts';
import { aRegion } from './support/regions.ts';

const [london, sydney]: readonly Location[] = [
  [51.5, -0.1],
  [-33.9, 151.2],
];

describe('the great-circle distance', () => {
  it.each<[string, Location, Location, number]>([
    ['a place to itself', [50, 8], [50, 8], 0],
    ['pole to pole', [90, 0], [-90, 0], 20_015],
    ['a quarter of the equator', [0, 0], [0, 90], 10_008],
    ['antipodes that rounding puts beyond half the Earth', [0.1, 0.1], [-0.1, -179.9], 20_015],
    ['London to New York', [51.5, -0.1], [40.7, -74.0], 5_570],
    ['across the date line', [-18.1, 178.4], [-21.2, -159.8], 2_307],
  ])('of %s', (_what, from, to, km) => {
    expect(Math.abs(greatCircleKm(from, to) - km)).toBeLessThan(10);
    expect(greatCircleKm(to, from)).toBeCloseTo(greatCircleKm(from, to), 6);
  });
});

describe('the nearest region', () => {
  it('is null without regions', () => {
    expect(nearestRegion([0, 0], [])).toBe(null);
  });

  it('is found with its distance', () => {
    const regions = locatedRegions([aRegion('eu-west-2'), aRegion('my-dc'), aRegion('ap-southeast-2')]);
    expect(regions.map(({ name }) => name)).toEqual(['eu-west-2', 'ap-southeast-2']);
    expect(nearestRegion(london ?? [0, 0], regions)).toEqual({ region: 'eu-west-2', distanceKm: 0 });
    expect(nearestRegion(sydney ?? [0, 0], regions)?.region).toBe('ap-southeast-2');
  });
});

describe('the location of a region', () => {
  it.each([
    ['af-south', 1],
    ['ap-east', 2],
    ['ap-northeast', 3],
    ['ap-south', 2],
    ['ap-southeast', 7],
    ['ca-central', 1],
    ['ca-west', 1],
    ['cn-north', 1],
    ['cn-northwest', 1],
    ['eu-central', 2],
    ['eu-north', 1],
    ['eu-south', 2],
    ['eu-west', 3],
    ['il-central', 1],
    ['me-central', 1],
    ['me-south', 1],
    ['mx-central', 1],
    ['sa-east', 1],
    ['us-east', 2],
    ['us-west', 2],
  ])('is known by its name: %s has %d regions of AWS', (name, count) => {
    const numbers = Array.from({ length: 9 }, (_, index) => index + 1);
    const known = numbers.filter((number) => cloudRegionLocation(`${name}-${number}`) !== null);
    expect(known).toEqual(numbers.slice(0, count));
  });

  it.each([
    ['us-east-1', [39.0, -77.5]],
    ['EU-West-1', [53.3, -6.3]],
    ['europe-west1', [50.4, 3.8]],
    ['us-gov-west-1', [45.8, -119.7]],
    ['my-dc', null],
    ['', null],
  ])('%s: %j', (name, location) => {
    expect(cloudRegionLocation(name)).toEqual(location);
  });

  it('gives the distance of two regions, or null if one is unknown', () => {
    expect(distanceKm(aRegion('us-east-1'), aRegion('eu-west-1'))).toBeCloseTo(5_464, -1);
    expect(distanceKm(aRegion('us-east-1'), aRegion('my-dc'))).toBe(null);
    expect(distanceKm(aRegion('my-dc', { location: [39.0, -77.5] }), aRegion('us-east-1'))).toBe(0);
  });
});
