import { describe, expect, it } from 'vitest';
import { readManyAnswers } from '../../src/protocol/many-answers.ts';

const [a, b] = [`0.${'a'.repeat(40)}`, `03AFc_-${'b'.repeat(40)}`];
const tokenOf = (token: string) => ({ type: 'token', token });
const [notReady, code] = [{ type: 'not-ready' }, { type: 'code' }];

describe('an answer for several ids', () => {
  it.each([
    [`${a}|${b}`, [tokenOf(a), tokenOf(b)]],
    [`CAPCHA_NOT_READY|${b}|CAPTCHA_NOT_READY`, [notReady, tokenOf(b), notReady]],
    [`${a}|ERROR_CAPTCHA_UNSOLVABLE|ERROR: 1005`, [tokenOf(a), code, code]],
    ['CAPCHA_NOT_READY|CAPCHA_NOT_READY', [notReady, notReady]],
  ])('%s has one for each', (payload, answers) => {
    expect(readManyAnswers(payload, answers.length)).toEqual(answers);
  });

  it.each<[unknown, number, string]>([
    [`${a}|${b}`, 3, 'one too few'],
    [`${a}|${b}`, 1, 'one too many'],
    [`${a}|${b}|`, 2, 'a bar at the end'],
    [`${a}|`, 2, 'an empty one'],
    [`${a}|${a}`, 2, 'one token for two tasks'],
    [`${a}|two words in an image`, 2, 'a text'],
    [`${a}|x7k2p`, 2, 'a word'],
    [`${a}|{"cf_clearance":"${a}"}`, 2, 'an object'],
    [`${a}|challenge:1,validate:2,seccode:3`, 2, 'parts'],
    [`${a}|<html></html>`, 2, 'a page'],
    [`${a}| ${b}`, 2, 'a blank'],
    [`${a}|${b}\n`, 2, 'a line break'],
    [a, 2, 'no bar'],
    [[a, b], 2, 'a list'],
    [42, 2, 'a number'],
    [null, 2, 'nothing'],
  ])('%j for %i ids does not fit: %s', (payload, count) => {
    expect(readManyAnswers(payload, count)).toBeNull();
  });
});
