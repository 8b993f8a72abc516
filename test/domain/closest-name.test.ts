import { describe, expect, it } from 'vitest';
import { closestName, knownNames } from '../../src/domain/closest-name.ts';

const regions = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];

describe('the suggested name', () => {
  it.each([
    ['eu-west', 'eu-west-1'],
    ['EU-WEST-1', 'eu-west-1'],
    ['us-esat-1', 'us-east-1'],
    ['ap-southeast1', 'ap-southeast-1'],
    ['mars', null],
    ['', null],
  ])('for %j is %j', (written, name) => {
    expect(closestName(written, regions)).toBe(name);
  });

  it('is suggested, or else all of them', () => {
    expect(knownNames('eu-wst-1', regions)).toBe('did you mean eu-west-1?');
    expect(knownNames('mars', ['a', 'b'])).toBe('known: a, b');
  });
});
