import { describe, expect, it } from 'vitest';
import { readAnswer, solutionOf } from '../../src/protocol/answer.ts';
import { makeSolution } from '../../src/sandbox/make-solution.ts';
import type { Quirk } from '../../src/sandbox/quirks.ts';

const make = (method: string, params: Record<string, string> = {}, ...quirks: Quirk[]) =>
  makeSolution('3397637370', { method, params }, new Set(quirks));
const string = expect.any(String) as string;
const agent = expect.stringContaining('Mozilla/5.0') as string;

describe('a solution has the production format', () => {
  it.each([
    ['userrecaptcha', {}, { status: 1, request: string }],
    ['userrecaptcha', { enterprise: '1' }, { status: 1, request: string, result: string, user_agent: agent }],
    ['cloudflare_challenge', {}, { status: 1, request: string, result: string, user_agent: agent }],
    ['turnstile', {}, { status: 1, request: string }],
    ['lemin', {}, { status: 1, request: { answer: string, challenge_uuid: string } }],
    ['base64', { coordinatescaptcha: '1' }, { status: 1, request: [{ x: string, y: string }] }],
    ['rotatecaptcha', {}, { status: 1, request: expect.stringMatching(/^\d+$/) as string }],
  ])('%s %j', (method, params, json) => {
    expect(make(method, params).json).toEqual(json);
  });

  it('geetest as JSON in a string, with the names of the page', () => {
    const { status, request } = make('geetest', { challenge: 'c' }).json;
    const parts = { geetest_challenge: 'c', geetest_validate: string, geetest_seccode: string };
    expect({ status, parts: JSON.parse(request as string) as object }).toEqual({ status: 1, parts });
  });

  it.each<[string, Record<string, string>, Quirk, object]>([
    ['userrecaptcha', { enterprise: '1' }, 'only-result', { status: 1, result: string, user_agent: agent }],
    ['cloudflare_challenge', {}, 'only-result', { status: 1, result: string, user_agent: agent }],
    ['geetest', { challenge: 'c' }, 'bare-geetest', { challenge: 'c', validate: string, seccode: string }],
    [
      'geetest',
      { challenge: 'c' },
      'object-geetest',
      { status: 1, request: { geetest_challenge: 'c', geetest_validate: string, geetest_seccode: string } },
    ],
  ])('%s %j with the quirk %s', (method, params, quirk, json) => {
    expect(make(method, params, quirk).json).toEqual(json);
  });

  it.each([
    ['geetest', { version: '4', gt: 'g' }],
    ['geetest_v4', { captcha_id: 'g' }],
  ])('%s %j as JSON in a string', (method, params) => {
    const { json } = make(method, params);
    const parts = JSON.parse(json['request'] as string) as Record<string, string>;
    expect(Object.keys(parts)).toEqual(['captcha_id', 'lot_number', 'pass_token', 'gen_time', 'captcha_output']);
    expect(parts['captcha_id']).toBe('g');
  });

  it.each([
    ['base64', { recaptcha: '1' }],
    ['post', { img_type: 'recaptcha' }],
    ['base64', { grid_size: '3x3' }],
    ['bls', {}],
  ])('%s %j as an array of cells in a string', (method, params) => {
    expect(make(method, params).json['request']).toMatch(/^\[[1-9],[1-9],[1-9]\]$/);
  });
});

describe('a solution in plain text', () => {
  it.each([
    ['geetest', /^challenge:c,validate:\w+,seccode:\w+\|jordan$/],
    ['cloudflare_challenge', /^cf_clearance=[\w-]+;user_agent=Mozilla/],
    ['lemin', /^\{"answer":/],
    ['turnstile', /^0\.[\w-]{250,}$/],
  ])('of %s is its payload', (method, plain) => {
    expect(make(method, { challenge: 'c' }).plain).toMatch(plain);
  });

  it.each(['userrecaptcha', 'geetest', 'turnstile', 'lemin'])('of %s has the same content as the JSON', (method) => {
    const { json, plain } = make(method, { challenge: 'c' }, 'bare-geetest');
    const texts = [JSON.stringify(json), `OK|${plain}`].map((body) => {
      const answer = readAnswer(body);
      return answer.type === 'ok' ? solutionOf(answer.payload, {})?.text : answer;
    });
    expect(texts[0]).toBe(texts[1]);
  });
});

describe('a readable text', () => {
  it.each([
    [{}, /^[a-y2-9]{5}$/],
    [{ numeric: '1' }, /^[2-9]{5}$/],
    [{ numeric: '2' }, /^[a-y]{5}$/],
    [{ min_len: '8' }, /^[a-y2-9]{8}$/],
    [{ maxLen: '3' }, /^[a-y2-9]{3}$/],
    [{ calc: '1' }, /^[2-9]{2}$/],
    [{ lang: 'ru', numeric: '2' }, /^[б-я]{5}$/],
    [{ language: '1' }, /^[б-я2-9]{5}$/],
    [{ min_len: 'x', max_len: '-4' }, /^[a-y2-9]$/],
  ])('matches %j', (params, shape) => {
    expect(make('base64', params).plain).toMatch(shape);
  });
});

it('differs between tasks, and is the same for the same task', () => {
  const solve = (id: string) => makeSolution(id, { method: 'turnstile', params: {} }).plain;
  expect(solve('1')).toBe(solve('1'));
  expect(solve('1')).not.toBe(solve('2'));
});
