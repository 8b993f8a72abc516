import { describe, expect, it } from 'vitest';
import { documentedParameters, findMethod, knownMethods, siteKeyNames } from '../../src/protocol/methods.ts';

describe('findMethod', () => {
  it.each<[string, Record<string, string>, string | null, readonly string[]]>([
    ['userrecaptcha', {}, 'googlekey', ['pageurl', 'googlekey']],
    ['turnstile', {}, 'sitekey', ['pageurl', 'sitekey']],
    ['cloudflare_challenge', {}, null, ['pageurl', 'proxy', 'proxytype']],
    ['geetest', {}, 'gt', ['pageurl', 'gt', 'challenge']],
    ['geetest', { version: '4' }, 'gt', ['pageurl', 'gt']],
    ['base64', {}, null, ['body']],
    ['post', {}, null, ['file']],
    ['captchafox', {}, 'sitekey', ['pageurl', 'sitekey', 'proxy', 'proxytype']],
    ['friendly_captcha', {}, 'sitekey', ['pageurl', 'sitekey']],
    ['geetest_v4', {}, 'captcha_id', ['pageurl', 'captcha_id']],
    [
      'keycaptcha',
      {},
      null,
      ['pageurl', 's_s_c_user_id', 's_s_c_session_id', 's_s_c_web_server_sign', 's_s_c_web_server_sign2'],
    ],
    ['something_new', {}, 'sitekey', []],
  ])('knows the requirements of %s %o', (method, params, ...[siteKeyName, required]) => {
    expect(findMethod(method, params)).toMatchObject({ siteKeyName, required });
  });

  it.each([
    ['userrecaptcha', [3_000, 5_000], 120_000],
    ['turnstile', [3_000, 5_000], 120_000],
    ['cloudflare_challenge', [3_000, 5_000], 900_000],
    ['geetest', [3_000, 5_000], 60_000],
    ['audio', [3_000, 5_000], null],
    ['base64', [1_000, 2_500, 5_000], null],
    ['bls', [1_000, 2_500, 5_000], null],
  ])('polls %s at %j ms in a cold start, and knows the lifetime of its solution', (method, coldStartMs, lifetimeMs) => {
    expect(findMethod(method, {})).toMatchObject({ coldStartMs, lifetimeMs, intervalMs: 5_000 });
  });

  it('requires the site key for every method that has one', () => {
    for (const method of knownMethods()) {
      const { siteKeyName, required } = findMethod(method, {});
      if (siteKeyName !== null) expect(required).toContain(siteKeyName);
    }
  });
});

describe('siteKeyNames', () => {
  it('contains the names of the documented methods', () => {
    for (const name of ['googlekey', 'sitekey', 'gt', 'captcha_id', 'publickey'])
      expect(siteKeyNames()).toContain(name);
  });
});

describe('documentedParameters', () => {
  it.each(['pageurl', 'proxy', 'proxytype', 'userAgent', 'min_score', 'data-s', 'enterprise', 'version', 'data[blob]'])(
    'contains %s',
    (name) => {
      expect(documentedParameters()).toContain(name);
    },
  );

  it('contains the parameters of all methods, and no user-facing names', () => {
    for (const method of knownMethods()) {
      for (const name of findMethod(method, {}).required) expect(documentedParameters()).toContain(name);
    }
    for (const name of ['name', 'id', 'note', 'task_id', 'region']) expect(documentedParameters()).not.toContain(name);
  });
});
