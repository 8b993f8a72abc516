import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type BodyHeaders, readBody } from '../../../src/adapters/http/read-body.ts';

const kibibyte = 1024;
const answer = '{"status":1,"request":"ключ → 34567"}';
const bytes = Buffer.from(answer);
const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x29]);

const read = (body: Buffer | string, headers: BodyHeaders = {}) =>
  readBody([Buffer.from(body)], headers, 64 * kibibyte);

const utf16 = (text: string, order: 'le' | 'be'): Buffer => {
  const little = Buffer.from(text, 'utf16le');
  return order === 'le' ? little : little.swap16();
};

describe('a compressed body', () => {
  it.each<[string, string | string[], Buffer]>([
    ['as it is', 'identity', bytes],
    ['gzip', 'gzip', gzipSync(bytes)],
    ['gzip by its old name', 'X-GZip', gzipSync(bytes)],
    ['gzip in two members', 'gzip', Buffer.concat([gzipSync(answer.slice(0, 5)), gzipSync(answer.slice(5))])],
    ['deflate', 'deflate', deflateSync(bytes)],
    ['raw deflate', 'deflate', deflateRawSync(bytes)],
    ['br', 'br', brotliCompressSync(bytes)],
    ['gzip, then br', 'gzip, br', brotliCompressSync(gzipSync(bytes))],
    ['br, then gzip, in two headers', ['br', 'gzip'], gzipSync(brotliCompressSync(bytes))],
    ['identity between', 'deflate,identity , gzip', gzipSync(deflateSync(bytes))],
    ['gzip that no header speaks of', [], gzipSync(bytes)],
    ['gzip twice, one of them unsaid', 'gzip', gzipSync(gzipSync(bytes))],
    ['a header that a proxy left behind', 'gzip', bytes],
    ['a charset in the wrong header', 'utf-8', bytes],
  ])('is read: %s', (_how, encoding, body) => {
    expect(read(body, { 'content-encoding': encoding })).toEqual({ text: answer });
  });

  it('is joined before it is decompressed', () => {
    const body = gzipSync(bytes);
    const chunks = [body.subarray(0, 7), body.subarray(7, 8), body.subarray(8)];
    expect(readBody(chunks, { 'content-encoding': 'gzip' }, kibibyte)).toEqual({ text: answer });
  });

  it.each(['gzip', 'deflate', 'br', 'zstd', 'gzip, br'])('may be empty: %s', (encoding) => {
    expect(read('', { 'content-encoding': encoding })).toEqual({ text: '' });
    expect(readBody([], { 'content-encoding': encoding }, kibibyte)).toEqual({ text: '' });
  });

  /** Changes a bit of the checksum at the end. */
  const damaged = (body: Buffer): Buffer =>
    Buffer.from(body.map((byte, at) => (at === body.length - 2 ? byte ^ 1 : byte)));

  it.each<[string, string, Buffer, string]>([
    ['cut off', 'gzip', gzipSync(bytes).subarray(0, -9), 'a gzip body that is cut off'],
    ['cut off', 'deflate', deflateSync(bytes).subarray(0, -9), 'a deflate body that is cut off'],
    ['cut off', 'br', brotliCompressSync(bytes).subarray(0, -9), 'a br body that is cut off'],
    ['damaged', 'gzip', damaged(gzipSync(bytes)), 'a gzip body that is damaged'],
    ['damaged', 'deflate', damaged(deflateSync(bytes)), 'a deflate body that is damaged'],
    ['not what it says', 'br', gzipSync(bytes), 'a br body that is damaged'],
    ['cut off inside', 'gzip, br', brotliCompressSync(gzipSync(bytes).subarray(0, -9)), 'a gzip body that is cut off'],
    ['packed as something new', 'zstd', zstd, 'a body with the unsupported encoding zstd'],
    ['packed in a way with an odd name', '<b>x', zstd, 'a body with the unsupported encoding (unknown name)'],
    ['packed too often', 'br,br,br,br,br,br', zstd, 'a body compressed more than 5 times'],
  ])('that is %s (%s) is reported', (_what, encoding, body, unreadable) => {
    expect(read(body, { 'content-encoding': encoding })).toEqual({ unreadable });
  });

  const bomb = Buffer.alloc(64 * 1024 * kibibyte, 'x');

  it.each<[string, string, Buffer]>([
    ['gzip', 'gzip', gzipSync(bomb)],
    ['deflate', 'deflate', deflateSync(bomb)],
    ['br', 'br', brotliCompressSync(bomb.subarray(0, 8 * 1024 * kibibyte))],
    ['gzip in br', 'gzip', brotliCompressSync(gzipSync(bomb))],
  ])('is not decompressed above the limit: %s', (name, coding, body) => {
    const encoding = name === 'gzip in br' ? 'gzip, br' : coding;
    expect(read(body, { 'content-encoding': encoding })).toEqual({
      unreadable: expect.stringContaining('larger than 64 KiB') as string,
    });
  });

  it('may be as large as the limit', () => {
    const full = gzipSync(Buffer.alloc(64 * kibibyte, 'x'));
    expect(read(full, { 'content-encoding': 'gzip' })).toEqual({ text: 'x'.repeat(64 * kibibyte) });
    const more = gzipSync(Buffer.alloc(64 * kibibyte + 1, 'x'));
    expect(read(more, { 'content-encoding': 'gzip' })).toHaveProperty('unreadable');
  });
});

describe('the charset of a body', () => {
  const cyrillic = Buffer.from([0x4f, 0x4b, 0x7c, 0xea, 0xeb, 0xfe, 0xf7]);
  const meta = Buffer.concat([Buffer.from('<html><meta charset="windows-1251"><title>'), cyrillic.subarray(3)]);
  const old = Buffer.concat([
    Buffer.from(' <META http-equiv=Content-Type content="text/html; charset=windows-1251"><title>'),
    cyrillic.subarray(3),
  ]);

  it.each<[string, string | undefined, Buffer, string]>([
    ['is UTF-8 where nobody says', undefined, bytes, answer],
    ['is UTF-8 for JSON without a word of it', 'application/json', bytes, answer],
    ['is what the header says', 'text/html; charset=windows-1251', cyrillic, 'OK|ключ'],
    ['may be quoted', 'text/plain;x=1; Charset="WINDOWS-1251"', cyrillic, 'OK|ключ'],
    ['may be latin1', 'text/plain; charset=iso-8859-1', Buffer.from('OK|café', 'latin1'), 'OK|café'],
    ['is UTF-8 by its usual names', 'text/html; charset=UTF8', bytes, answer],
    ['is UTF-8 where the name is unknown', 'text/html; charset=x-nonsense', bytes, answer],
    ['is what a page says itself', 'text/html', meta, '<html><meta charset="windows-1251"><title>ключ'],
    ['is what an older page says itself', 'text/html', old, `${old.toString('latin1').slice(0, -4)}ключ`],
    ['is UTF-16 by its mark', 'text/plain', utf16(`\uFEFF${answer}`, 'le'), answer],
    ['is UTF-16 by its mark, the other way round', 'text/plain', utf16(`\uFEFF${answer}`, 'be'), answer],
    ['is UTF-16 by its zeros', 'application/json; charset=utf-16', utf16(answer, 'be'), answer],
    ['is UTF-16 though nobody says so', 'application/json', utf16(answer, 'le'), answer],
    ['is not UTF-16 because the header says so', 'application/json; charset=utf-16', bytes, answer],
    [
      'is UTF-8 by its mark, whatever else is said',
      'text/html; charset=windows-1251',
      Buffer.from(`\uFEFF${answer}`),
      answer,
    ],
  ])('%s', (_what, contentType, body, text) => {
    expect(read(body, { 'content-type': contentType })).toEqual({ text });
  });

  it('is detected after decompression', () => {
    const headers = { 'content-encoding': 'br', 'content-type': 'text/html; charset=windows-1251' };
    expect(read(brotliCompressSync(cyrillic), headers)).toEqual({ text: 'OK|ключ' });
  });
});
