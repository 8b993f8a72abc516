import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import { reservedParameters, singleUseInputs, taskProblems, wireParameters } from '../../src/protocol/wire.ts';

const pageurl = 'https://example.com/login';

function task(special: Partial<Task>): Task {
  return {
    taskId: '1',
    method: 'turnstile',
    sitekey: null,
    pageurl: null,
    body: null,
    params: {},
    region: null,
    rule: null,
    ...special,
  };
}

describe('wireParameters', () => {
  it.each([
    ['userrecaptcha', 'googlekey'],
    ['turnstile', 'sitekey'],
    ['geetest', 'gt'],
    ['geetest_v4', 'captcha_id'],
    ['lemin', 'captcha_id'],
    ['captchafox', 'sitekey'],
    ['friendly_captcha', 'sitekey'],
    ['funcaptcha', 'publickey'],
    ['something_new', 'sitekey'],
  ])('sends the site key of %s as %s', (method, name) => {
    expect(wireParameters(task({ method, sitekey: 'K', pageurl }))).toEqual({ method, [name]: 'K', pageurl });
  });

  it('passes further parameters through', () => {
    const params = { version: 'v3', action: 'login', min_score: '0.3' };
    expect(wireParameters(task({ method: 'userrecaptcha', sitekey: 'K', pageurl, params }))).toEqual({
      ...{ method: 'userrecaptcha', googlekey: 'K', pageurl },
      ...params,
    });
  });

  it('sends an image', () => {
    expect(wireParameters(task({ method: 'base64', body: 'aGk=' }))).toEqual({ method: 'base64', body: 'aGk=' });
  });

  it('sends an image for post as base64, and does not change a post without an image', () => {
    expect(wireParameters(task({ method: 'post', body: 'aGk=' }))).toEqual({ method: 'base64', body: 'aGk=' });
    expect(wireParameters(task({ method: 'post', params: { textcaptcha: '2+2?' } }))['method']).toBe('post');
  });

  it('does not let a parameter change the method', () => {
    expect(wireParameters(task({ params: { method: 'base64' } }))['method']).toBe('turnstile');
  });
});

describe('taskProblems', () => {
  it.each<[string, Partial<Task>]>([
    ['turnstile', { sitekey: 'K', pageurl }],
    ['userrecaptcha', { sitekey: 'K', pageurl }],
    ['userrecaptcha', { params: { googlekey: 'K', pageurl } }],
    ['cloudflare_challenge', { pageurl, params: { proxy: '127.0.0.1:1', proxytype: 'HTTP' } }],
    ['geetest', { sitekey: 'K', pageurl, params: { challenge: 'c' } }],
    ['geetest', { sitekey: 'K', pageurl, params: { version: '4' } }],
    ['base64', { body: 'aGk=' }],
    ['post', { body: 'aGk=' }],
    ['something_new', {}],
    ['turnstile', { sitekey: 'K', pageurl, params: { sitekey: 'K', pageurl } }],
  ])('finds none in a complete %s task', (method, special) => {
    expect(taskProblems(task({ method, ...special }))).toEqual([]);
  });

  it.each<[Partial<Task>, readonly string[]]>([
    [{ method: 'turnstile' }, ['turnstile needs the page URL (pageurl)', 'turnstile needs a site key (sitekey)']],
    [{ method: 'turnstile', sitekey: ' ', pageurl }, ['turnstile needs a site key (sitekey)']],
    [{ method: 'base64' }, ['base64 needs an image (file or body)']],
    [{ method: 'geetest', sitekey: 'K', pageurl }, ['geetest needs the parameter challenge']],
    [{ method: 'post' }, ['post needs an image (file or body)']],
    [
      { method: 'turnstile', pageurl, params: { googlekey: 'K' } },
      [
        'turnstile needs a site key (sitekey)',
        'googlekey is not a parameter of turnstile: write --sitekey VALUE (batch: column sitekey), sent as sitekey',
      ],
    ],
    [
      { method: 'userrecaptcha', sitekey: 'K', pageurl, params: { googlekey: 'L', pageurl: 'https://other.example/' } },
      [
        'sitekey and the parameter googlekey have different values: omit one of them',
        'pageurl and the parameter pageurl have different values: omit one of them',
      ],
    ],
    [{ method: 'post', params: { textcaptcha: 'What is 2 + 2?' } }, []],
    [{ method: 'post', params: { textcaptcha: '' } }, ['post needs an image (file or body)']],
    [{ method: 'bounding_box', params: { image: 'i', textinstructions: 'cars' } }, []],
    [{ method: 'bounding_box', params: { image: 'i', imginstructions: 'i' } }, []],
    [{ method: 'bounding_box', params: { image: 'i' } }, ['bounding_box needs the parameter instructions']],
    [{ method: 'vkcaptcha', params: { redirect_uri: pageurl, useragent: 'U', proxy: 'h:1', proxytype: 'HTTP' } }, []],
  ])('names the missing or misplaced inputs of %o', (special, problems) => {
    expect(taskProblems(task(special)).map(({ text }) => text)).toEqual(problems);
  });
});

describe('singleUseInputs', () => {
  it.each<[string, Partial<Task>, readonly string[]]>([
    ['GeeTest v3', { method: 'geetest', params: { challenge: 'c' } }, ['challenge']],
    ['GeeTest v4', { method: 'geetest', params: { version: '4', challenge: 'c' } }, []],
    ['reCAPTCHA of a Google page', { method: 'userrecaptcha', params: { 'data-s': 's' } }, ['data-s']],
    ['the same, enterprise', { method: 'userrecaptcha', params: { enterprise: '1', datas: 's' } }, ['datas']],
    ['any other reCAPTCHA', { method: 'userrecaptcha', params: { invisible: '1' } }, []],
    ['FunCaptcha with a blob', { method: 'funcaptcha', params: { 'data[blob]': 'b' } }, ['data[blob]']],
    ['FunCaptcha without one', { method: 'funcaptcha', params: { 'data[blob]': '' } }, []],
    ['hCaptcha enterprise', { method: 'hcaptcha', params: { rqdata: 'r' } }, ['rqdata']],
    ['Turnstile', { method: 'turnstile', params: { challenge: 'c' } }, []],
    ['a method that nobody knows', { method: 'something_new', params: { challenge: 'c' } }, []],
  ])('are those of %s', (_what, special, names) => {
    expect(singleUseInputs(task(special))).toEqual(names);
  });
});

describe('reservedParameters', () => {
  it.each(['key', 'json', 'id', 'ids', 'action', 'method'])('contains %s', (name) => {
    expect(reservedParameters.has(name)).toBe(true);
  });
});
