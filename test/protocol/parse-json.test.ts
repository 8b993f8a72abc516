import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/protocol/answer.ts';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('parseJson', () => {
  it.each<[string, unknown]>([
    ['{"a":[1,"b",null]}', { a: [1, 'b', null] }],
    ['7', 7],
    ['{"a":', undefined],
    ['', undefined],
  ])('reads %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it('rejects nesting so deep that serialising it again would overflow the stack', () => {
    expect(parseJson(nested(30))).toBeDefined();
    expect(parseJson(nested(100))).toBeUndefined();
    expect(parseJson(nested(200_000))).toBeUndefined();
  });
});
