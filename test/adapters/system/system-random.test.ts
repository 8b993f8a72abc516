import { expect, it } from 'vitest';
import { systemRandom as random } from '../../../src/adapters/system/system-clock.ts';

it('draws from [0, 1), not the same number each time', () => {
  const drawn = Array.from({ length: 1_000 }, () => random.next());
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  expect(new Set(drawn).size).toBeGreaterThan(990);
});
