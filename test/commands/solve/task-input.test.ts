import { describe, expect, it } from 'vitest';
import { type TaskFlags, taskInputOf } from '../../../src/commands/solve/task-input.ts';
import { aStage } from '../../cli/support/a-stage.ts';
import { refusalOf } from '../../cli/support/refusal.ts';
import { anImage, type ImageKind, imageText } from '../../support/an-image.ts';

const inputOf = (flags: TaskFlags, files: Record<string, string | Uint8Array> = {}) =>
  taskInputOf(flags, aStage({ files }).context);

const nothing = {
  taskId: '1',
  method: null,
  sitekey: null,
  pageurl: null,
  pageAction: null,
  params: {},
  body: null,
  region: null,
};

describe('the flags of a task', () => {
  it.each<[TaskFlags, object]>([
    [{}, {}],
    [{ method: 'turnstile' }, { method: 'turnstile' }],
    [{ sitekey: '0x4' }, { sitekey: '0x4' }],
    [{ pageurl: 'https://example.com' }, { pageurl: 'https://example.com' }],
    [{ pageAction: 'login' }, { pageAction: 'login' }],
    [{ region: 'eu-west-1' }, { region: 'eu-west-1' }],
    [{ param: ['a=1', 'b=x=y'] }, { params: { a: '1', b: 'x=y' } }],
  ])('%j become its input', async (flags, input) => {
    expect(await inputOf(flags)).toEqual({ ...nothing, ...input });
  });

  it.each(['image.png', '-'])('read the image %s byte by byte', async (file) => {
    const bytes = anImage();
    const { body } = await inputOf({ file }, { [file]: bytes });
    expect(body).toBe(Buffer.from(bytes).toString('base64'));
  });

  it.each(['png', 'jpeg', 'gif', 'bmp', 'webp', 'mp3', 'wav'] as ImageKind[])(
    'take a file of the kind %s',
    async (kind) => {
      const bytes = anImage(kind);
      expect((await inputOf({ file: ' a ' }, { a: bytes })).body).toBe(bytes.toString('base64'));
    },
  );

  it('accept the text of an image, which they decode once', async () => {
    for (const text of [imageText(), `data:image/png;base64,${imageText()}\n`, imageText().replace(/.{76}/g, '$&\n')]) {
      expect((await inputOf({ file: 'a' }, { a: text })).body).toBe(imageText());
    }
  });

  it.each<[string, string | Uint8Array]>([
    ['empty', ''],
    ['empty', ' \n'],
    ['text, not an image', 'BMW is a car'],
    ['HTML, not an image', '<!doctype html>\n<html>'],
    ['an SVG drawing, not an image', '<?xml version="1.0"?><svg xmlns="x">'],
    ['JSON, not an image', '{"error": 404}'],
    ['a PDF, not an image', '%PDF-1.7 ...'],
    ['a private key, not an image', '-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n'],
    ['a ZIP archive or an office document, not an image', 'PK\u0003\u0004....'],
    ['unknown data, not an image', Uint8Array.from({ length: 512 }, (_, index) => (index * 167) % 256)],
    ['a data: URI of HTML, not an image', `data:text/html;base64,${Buffer.from('<html>').toString('base64')}`],
    ['base64 of text, not an image', Buffer.from(imageText()).toString('base64')],
    ['only 69 bytes: the minimum is 100', anImage('png', 69)],
    ['larger than 1 MiB, the limit of the service', anImage('png', 1_400_000)],
  ])('refuse a file that is %s', async (what, content) => {
    expect(await refusalOf(() => inputOf({ file: 'a.png' }, { 'a.png': content }))).toMatch(`a.png is ${what} | `);
  });
});

describe('a further image', () => {
  const files = { 'a.png': anImage(), 'b.png': anImage('gif'), '-': anImage('jpeg'), 'c.mp3': anImage('mp3') };
  const base64 = (kind: ImageKind): string => anImage(kind).toString('base64');

  it('is sent as the parameter that it names', async () => {
    const image = ['imginstructions=b.png', 'part1=-'];
    const input = await inputOf({ file: 'a.png', image, param: ['lang=en'] }, files);
    expect(input.body).toBe(base64('png'));
    expect(input.params).toEqual({ lang: 'en', imginstructions: base64('gif'), part1: base64('jpeg') });
  });

  it('can be the only one', async () => {
    expect((await inputOf({ image: ['file=a.png'] }, files)).params).toEqual({ body: base64('png') });
  });

  it.each<[TaskFlags, string]>([
    [{ image: ['a.png'] }, '--image a.png: expected name=file | for example --image imginstructions=instructions.png'],
    [{ image: ['x=https://a.example/b.png'] }, 'https://a.example/b.png is a URL, not a file'],
    [{ image: ['x=c.mp3'] }, '--image x: c.mp3 is an audio file, not an image'],
    [{ file: '-', image: ['x=-'] }, 'standard input cannot be used for more than one'],
    [{ image: ['x=a.png'], param: ['x=1'] }, '--image x: x is also a parameter | omit one of the two'],
    [{ file: 'a.png', image: ['body=b.png'] }, '--image body: the image is given twice'],
  ])('is refused: %j', async (flags, refusal) => {
    expect(await refusalOf(() => inputOf(flags, files))).toContain(refusal);
  });

  it('that is no image is refused like the first', async () => {
    const refusal = refusalOf(() => inputOf({ image: ['x=a'] }, { a: '<html>' }));
    expect(await refusal).toContain('a is HTML, not an image');
  });
});

describe('a parameter file', () => {
  const read = (text: string): Promise<unknown> =>
    inputOf({ paramFile: 'p.json' }, { 'p.json': text }).then(({ params }) => params);

  it('contains parameters of any plain kind, which are sent as text', async () => {
    const text = '{"proxy": "user:secret@host:8080", "min_score": 0.3, "enterprise": true, "ünïcode": "é"}';
    const params = { proxy: 'user:secret@host:8080', min_score: '0.3', enterprise: '1', ünïcode: 'é' };
    expect(await read(text)).toEqual(params);
  });

  it('is overridden by --param', async () => {
    const { params } = await inputOf({ paramFile: '-', param: ['a=argv'] }, { '-': '{"a": "file", "b": "file"}' });
    expect(params).toEqual({ a: 'argv', b: 'file' });
  });

  it.each([
    ['numbers as written', '{"n": 12345678901234567890, "x": 1.10}', { n: '12345678901234567890', x: '1.10' }],
    ['booleans as 1 and 0', '{"enterprise": true, "invisible": false}', { enterprise: '1', invisible: '0' }],
    ['null as nothing', '{"a": null, "b": "1"}', { b: '1' }],
    ['a byte order mark', '\uFEFF{"a": "1"}\r\n', { a: '1' }],
    ['several lines', '{\n  "a": "1",\n  "b": 2\n}\n', { a: '1', b: '2' }],
  ])('is read with %s', async (_what, text, params) => {
    expect(await read(text)).toEqual(params);
  });

  it.each([
    ['', 'not JSON: an object expected at column 1'],
    ['proxy=secret', 'not JSON: an object expected at column 1'],
    ['{"proxy": "secret"', 'not JSON: , or } expected at column 19'],
    ["{\n'proxy': 'secret'}", 'not JSON: a name in double quotes expected at line 2, column 1'],
    ['["secret"]', 'not JSON: an object expected at column 1'],
    ['{"a": "1", "a": "secret"}', 'a occurs twice | keep one'],
    ['{"a": {"b": "secret"}}', 'a: the value is an object or an array | Write it as text: "{'],
    ['{"task": {"b": "secret"}}', 'Write its members next to the others'],
    ['{"cookies": ["secret"]}', 'Write it as text: "name:value;name2:value2"'],
    ['{"proxy": {"address": "secret"}}', 'Write it as text: "user:password@host:port"'],
  ])('that is not one object of plain values is refused without showing its content: %s', async (text, why) => {
    const refusal = await refusalOf(() => read(text));
    expect(refusal).toContain(why);
    expect(refusal).not.toContain('secret');
  });
});
