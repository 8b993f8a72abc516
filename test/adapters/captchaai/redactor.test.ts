import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText, redactor } from '../../../src/adapters/captchaai/redactor.ts';

const key = '0123456789abcdef0123456789abcdef';
const oddKey = 'a b+c/d&e=f%g$(h)';

describe('cleanText', () => {
  it.each<[string, string, string]>([
    ['a plain text', 'Bad Gateway', 'Bad Gateway'],
    ['lines and tabs', ' <h1>\r\n\tOops</h1> \n', '<h1> Oops</h1>'],
    ['terminal escapes', 'a\u001b[31mb\u0007\u0000c', 'a[31mbc'],
    ['C1 controls', 'a\u009b31mb\u0085c', 'a31mbc'],
    ['bidi overrides', 'a\u202eb\u2066c\u200fd', 'abcd'],
    ['zero width and byte order marks', 'a\u200bb\u2060c', 'abc'],
    ['lone surrogates', 'a\ud800b', 'ab'],
    ['the key', `key=${key}&json=1`, 'key=***&json=1'],
    ['the key in capitals', key.toUpperCase(), '***'],
    ['the key twice', `${key} ${key}`, '*** ***'],
    ['the key with a control character inside', `${key.slice(0, 9)}\u0000${key.slice(9)}`, '***'],
    ['the key with an invisible character inside', `${key.slice(0, 9)}\u200b${key.slice(9)}`, '***'],
  ])('cleans %s', (_name, text, expected) => {
    expect(cleanText(text, [key])).toBe(expected);
  });

  it('shows at most 200 characters, and no half of a surrogate pair', () => {
    expect(cleanText('x'.repeat(1_000), [])).toHaveLength(200);
    expect(cleanText(`${'x'.repeat(199)}😀`, [])).toBe('x'.repeat(199));
  });

  it('redacts before truncating, so that no part of the key remains at the end', () => {
    expect(cleanText('x'.repeat(190) + key, [key])).toBe(`${'x'.repeat(190)}***`);
  });

  it('leaves no part of a secret in any text around it', () => {
    const around = fc.string({
      unit: fc.constantFrom('0', 'f', ' ', '%', '<', '\u0000', '\u001b', '\u202e', '\ud800', '😀'),
      maxLength: 300,
    });
    fc.assert(
      fc.property(around, around, (before, after) => {
        const text = cleanText(before + key + after, [key]);
        expect(text).not.toContain(key);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(text.length).toBeLessThanOrEqual(200);
      }),
    );
  });
});

describe('redactor', () => {
  it.each([
    oddKey,
    encodeURIComponent(oddKey),
    encodeURIComponent(oddKey).toLowerCase(),
    new URLSearchParams({ k: oddKey }).toString().slice(2),
  ])('recognises the secret spelled %s', (spelling) => {
    expect(redactor([oddKey])(`a ${spelling} b`)).toBe('a *** b');
  });

  it('recognises the secret inside JSON', () => {
    const secret = 'a"b\\c';
    expect(redactor([secret])(JSON.stringify({ request: secret }))).toBe('{"request":"***"}');
  });

  const escapes: Readonly<Record<string, (character: string, code: number) => string>> = {
    JSON: (_, code) => `\\u${code.toString(16).padStart(4, '0')}`,
    'JSON in JSON': (_, code) => `\\\\u${code.toString(16).padStart(4, '0')}`,
    'a URL': (_, code) => `%${code.toString(16).padStart(2, '0')}`,
    'decimal HTML': (_, code) => `&#${code};`,
    'hexadecimal HTML': (_, code) => `&#x${code.toString(16).toUpperCase()};`,
  };

  it.each(Object.entries(escapes))('recognises the secret in the escapes of %s, whole or in part', (_name, escape) => {
    const secret = '0aF9z-"k\\/+';
    const all = secret.split('').map((character) => escape(character, character.charCodeAt(0)));
    const some = secret.split('').map((character, at) => (at % 2 === 0 ? character : (all[at] ?? '')));
    expect(redactor([secret])(`a ${all.join('')} b ${some.join('')} c`)).toBe('a *** b *** c');
  });

  it('takes no more time for many escapes than for other text', () => {
    const text = '\\'.repeat(200_000) + '\\u0030'.repeat(50_000);
    expect(redactor(['0123456789abcdef0123456789abcdef'])(text)).toBe(text);
  });

  it('replaces the longer of two secrets if it contains the other', () => {
    expect(redactor(['pass', 'user:pass@host'])('user:pass@host and pass')).toBe('*** and ***');
  });

  it('accepts any text as a secret', () => {
    expect(redactor(['a\ud800b'])('a\ud800b and a%EF%BF%BDb')).toBe('*** and ***');
  });

  it('changes nothing without a secret', () => {
    expect(redactor([])('text')).toBe('text');
    expect(redactor([''])('text')).toBe('text');
  });
});
