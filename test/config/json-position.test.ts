import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonError } from '../../src/config/data-loaders.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('findJsonError', () => {
  it.each([
    ['{"a": tru}', 1, 7, 'a value'],
    ['{"a": 1,}', 1, 9, 'a name in double quotes'],
    ['{a: 1}', 1, 2, 'a name in double quotes or }'],
    ["{'a': 1}", 1, 2, 'a name in double quotes or }'],
    ['{"a" 1}', 1, 6, ':'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, ', or }'],
    ['[1 2]', 1, 4, ', or ]'],
    ['[1,]', 1, 4, 'a value'],
    ['{"a": "x', 1, 7, 'a value'],
    ['{"a": 1', 1, 8, ', or }'],
    ['{} // done', 1, 4, 'the end of the file'],
    ['{"a": 01}', 1, 7, 'a value'],
    ['', 1, 1, 'a value'],
  ])('finds the error position of %j', (...row) => {
    const [text, line, column, expected] = row;
    expect(findJsonError(text)).toEqual({ line, column, expected });
  });

  it('accepts the same texts as JSON.parse', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\u00e9"',
      '"\\x"',
      '-1.5e3',
      '1.',
      'null',
      ' ',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        expect(findJsonError(text) === null).toBe(isJson(text));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(fc.property(fc.json(), (text) => findJsonError(text) === null));
  });
});
