import { describe, expect, it } from 'vitest';
import { readParameters, type RequestParts } from '../../src/sandbox/request.ts';

const read = (parts: Partial<Omit<RequestParts, 'body'>> & { body?: string | Buffer }) =>
  readParameters({ query: '', contentType: '', ...parts, body: Buffer.from(parts.body ?? '') });

const multipart = 'multipart/form-data; boundary=X1';
const part = (head: string, content: string, newline = '\r\n'): string =>
  `--X1${newline}${head}${newline}${newline}${content}${newline}`;
const method = part('Content-Disposition: form-data; name="method"', 'post');
const end = '--X1--\r\n';

describe('parameters', () => {
  it.each<[string, Parameters<typeof read>[0]]>([
    ['the query', { query: 'method=post&json=1' }],
    ['a form', { contentType: 'application/x-www-form-urlencoded', body: 'method=post&json=1' }],
    ['a form without a Content-Type', { body: 'method=post&json=1' }],
    ['JSON', { contentType: 'application/json', body: '{"method":"post","json":1,"soft_id":null}' }],
    ['JSON as text', { contentType: 'text/plain', body: ' {"method":"post","json":true}' }],
    ['query and form', { query: 'json=1&method=base64', body: 'method=post' }],
    [
      'multipart',
      { contentType: multipart, body: `${method}${part('content-disposition: form-data; name=json', '1')}${end}` },
    ],
    ['multipart and query', { query: 'json=1', contentType: multipart, body: `preamble\r\n${method}${end}epilogue` }],
    [
      'multipart with bare line feeds',
      {
        query: 'json=1',
        contentType: 'Multipart/Form-Data; charset=utf-8; boundary="X1"',
        body: `${part('Content-Type: text/plain\nContent-Disposition: form-data; name="method"', 'post', '\n')}--X1--`,
      },
    ],
  ])('are read from %s', (_, parts) => {
    expect(read(parts)).toEqual({ values: { method: 'post', json: '1' }, upload: null });
  });

  it.each([
    ['{"method"', 'application/json'],
    ['{', 'text/plain'],
    ['--X1\r\n\r\n', multipart],
    [method, 'multipart/form-data'],
  ])('of an unreadable %j as %s are empty', (body, contentType) => {
    expect(read({ body, contentType })).toEqual({ values: {}, upload: null });
  });

  it('never reach the prototype', () => {
    const { values } = read({ body: '{"__proto__":{"polluted":1}}', query: '__proto__=x' });
    expect(Object.keys(values)).toEqual(['__proto__']);
    expect(Object.prototype).not.toHaveProperty('polluted');
  });
});

describe('an upload', () => {
  it.each([
    ['filename="a.png"', 'a.png'],
    ['filename=a.png', 'a.png'],
    ["filename*=utf-8''na%C3%AFve.png", 'na%C3%AFve.png'],
    ['filename="na\u00efve.png"', 'na\u00efve.png'],
    ['filename=""', ''],
  ])('with %s is read byte by byte', (name, expected) => {
    const bytes = Buffer.from([0, 13, 10, 255, 45, 45, 13, 10]);
    const head = `--X1\r\nContent-Disposition: form-data; name="file"; ${name}\r\n\r\n`;
    const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n--X1--\r\n')]);
    expect(read({ contentType: multipart, body }).upload).toEqual({ name: expected, bytes });
  });

  it('is the part named file, else the first', () => {
    const other = part('Content-Disposition: form-data; name="other"; filename="o.png"', 'other');
    const file = part('Content-Disposition: form-data; name="file"; filename="f.png"', 'file');
    expect(read({ contentType: multipart, body: `${other}${file}${end}` }).upload?.name).toBe('f.png');
    expect(read({ contentType: multipart, body: `${other}${end}` }).upload?.name).toBe('o.png');
  });
});
