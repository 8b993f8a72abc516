import { describe, expect, it } from 'vitest';
import { displayWidth, padToWidth } from '../../src/cli/display-width.ts';

describe('the width of a text on a terminal', () => {
  it.each([
    ['', 0],
    ['shop.example.de', 15],
    ['bücher', 6],
    ['bu\u0308cher', 6],
    ['пример.рф', 9],
    ['例え.jp', 7],
    ['한국', 4],
    ['ＢÜ。', 5],
    ['👍', 2],
    ['𠀋', 2],
  ])('of %j is %i', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('is used for padding', () => {
    expect(padToWidth('例え', 6)).toBe('例え  ');
    expect(padToWidth('abc', 2)).toBe('abc');
  });
});
