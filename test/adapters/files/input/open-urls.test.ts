import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openUrls, type UrlOptions } from '../../../../src/adapters/files/input/url-source.ts';
import { UsageError } from '../../../../src/domain/errors.ts';
import type { UrlLine } from '../../../../src/ports/files.ts';

const usual = { path: '-', column: null, delimiter: null, encoding: null };

function source(chunks: readonly (string | Buffer)[], special: Partial<UrlOptions> = {}) {
  const stdin = Readable.from(chunks.map((chunk) => Buffer.from(chunk as string)));
  return { ...openUrls({ ...usual, stdin, ...special }), stdin };
}

async function read(chunks: readonly (string | Buffer)[], special: Partial<UrlOptions> = {}): Promise<UrlLine[]> {
  const lines: UrlLine[] = [];
  for await (const batch of source(chunks, special).batches) lines.push(...batch);
  return lines;
}

const good = (line: number, text: string): UrlLine => ({ line, text, fault: null });
const bytesOf = (text: string): Buffer[] => [...Buffer.from(text)].map((byte) => Buffer.from([byte]));

describe('URLs, one per line', () => {
  it.each<[string, readonly (string | Buffer)[], readonly UrlLine[]]>([
    ['with an end of line after the last', ['a\nb\n'], [good(1, 'a'), good(2, 'b')]],
    ['without one', ['a\nb'], [good(1, 'a'), good(2, 'b')]],
    ['with CRLF and blanks around them', ['a\r\n  b \t\r\n'], [good(1, 'a'), good(2, 'b')]],
    ['with CR alone', ['a\rb\r\rc'], [good(1, 'a'), good(2, 'b'), good(4, 'c')]],
    ['with CRLF in two chunks', ['a\r', '\nb\r', '\n', '\nc'], [good(1, 'a'), good(2, 'b'), good(4, 'c')]],
    [
      'with ends of all kinds',
      ['a\r\nb\rc\nd\r', 'e\n'],
      ['a', 'b', 'c', 'd', 'e'].map((text, at) => good(at + 1, text)),
    ],
    ['in one line of two chunks after a CR', ['a\rb', 'c\rd'], [good(1, 'a'), good(2, 'bc'), good(3, 'd')]],
    ['blank lines left out, but counted', ['\n\na\n \n\nb\n\n'], [good(3, 'a'), good(6, 'b')]],
    ['comments left out, but counted', ['# list\na # not one\n  # one\nb'], [good(2, 'a # not one'), good(4, 'b')]],
    [
      'in chunks that end within a line',
      ['ab', 'c\nd', 'e', 'f\n', 'g'],
      [good(1, 'abc'), good(2, 'def'), good(3, 'g')],
    ],
    ['in chunks of one byte', bytesOf('é\r\n日本\n👍'), [good(1, 'é'), good(2, '日本'), good(3, '👍')]],
    ['with a byte order mark', ['\ufeffa\nb'], [good(1, 'a'), good(2, 'b')]],
    ['in UTF-16', [Buffer.from('\ufeffé\nb\n', 'utf16le')], [good(1, 'é'), good(2, 'b')]],
    ['none at all', [], []],
    ['blanks only', [' \n\n'], []],
  ])('%s', async (_name, chunks, lines) => {
    expect(await read(chunks)).toEqual(lines);
  });

  it('are read whatever their chunks', async () => {
    const text = Array.from({ length: 500 }, (_, row) => `https://example.com/é/${row}`).join('\n');
    const bytes = Buffer.from(text);
    for (const size of [7, 1_000, 16_384]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      expect((await read(chunks)).map((line) => line.text).join('\n')).toBe(text);
    }
  });

  it('are not lines above 1 MiB, which are neither stored nor end the input', async () => {
    const fault = 'the line is larger than 1 MiB';
    const part = 'x'.repeat(300_000);
    expect(await read(['a\n', part, part, part, part, `${part}\nb\n`, part])).toEqual([
      good(1, 'a'),
      { line: 2, text: '', fault },
      good(3, 'b'),
      good(4, part),
    ]);
    expect(await read([part, part, part, part])).toEqual([{ line: 1, text: '', fault }]);
  });

  it('are returned as they arrive', async () => {
    const stdin = new Readable({ read: () => undefined });
    const { batches, close } = openUrls({ ...usual, stdin });
    stdin.push('example.com\n');
    const first = await batches[Symbol.asyncIterator]().next();
    expect(first.value).toEqual([good(1, 'example.com')]);
    await close();
  });
});

describe('URLs in a column', () => {
  const column = { column: 'url' };
  it.each<[string, string, readonly UrlLine[]]>([
    ['with commas', 'id,url\n1,a\n2,b\n', [good(2, 'a'), good(3, 'b')]],
    ['with semicolons and quotes', 'id;url\r\n1;"a;b"\r\n', [good(2, 'a;b')]],
    ['with tabs', 'id\turl\n1\ta\n', [good(2, 'a')]],
    ['alone', 'url\na\nb', [good(2, 'a'), good(3, 'b')]],
    ['below a line that names the delimiter', 'sep=;\nid;url\n1;a\n', [good(3, 'a')]],
    ['below blank lines', '\n\n id , url \n1, a \n', [good(4, 'a')]],
    ['with fields of several lines', 'note,url\n"x\ny",a\nz,b\n', [good(2, 'a'), good(4, 'b')]],
    ['with blank lines between them', 'id,url\n1,a\n\n  \n2,b\n', [good(2, 'a'), good(5, 'b')]],
    [
      'where they are empty told to be missing',
      'id,url\n1, \n2,b\n',
      [{ line: 2, text: '', fault: 'the column url is empty' }, good(3, 'b')],
    ],
  ])('%s', async (_name, text, lines) => {
    expect(await read([text], column)).toEqual(lines);
    expect(await read(bytesOf(text), column)).toEqual(lines);
  });

  it('are reported as missing if a record is broken', async () => {
    expect(await read(['id,url\n1,a,x\n2,b\n'], column)).toEqual([
      {
        line: 2,
        text: '',
        fault: '3 fields where the header has 2. Put quotes around a value that contains the delimiter.',
      },
      good(3, 'b'),
    ]);
  });

  it.each([
    ['id,pageurl\n1,a\n', '--column url: unknown column', 'found "id", "pageurl"'],
    ['url,url\na,b\n', '--column url: duplicate column name', 'rename one of them in the file'],
    ['id,"url\n1,a\n', 'line 1: the quote that opens in field 2 is never closed', 'close it, or double it as ""'],
  ])('%j is rejected', async (text, message, hint) => {
    const failure = await read([text], column).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure).toMatchObject({ message, hint });
  });
});

describe('an input', () => {
  it('is a file, which is read once and closed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'captcha-urls-'));
    try {
      const path = join(folder, 'urls.txt');
      await writeFile(path, 'a\nb\n');
      expect(await read([], { path })).toEqual([good(1, 'a'), good(2, 'b')]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is rejected if it does not exist', () => {
    expect(() => openUrls({ ...usual, path: '/nowhere/urls.txt', stdin: Readable.from([]) })).toThrow(UsageError);
  });

  it('is not a terminal', () => {
    const stdin = Object.assign(Readable.from([]), { isTTY: true });
    expect(() => openUrls({ ...usual, stdin })).toThrow(UsageError);
  });

  it('is not an image', async () => {
    await expect(read([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a])])).rejects.toThrow(UsageError);
  });

  it('that never ends is closed early', async () => {
    const { close, stdin } = source(['a\n']);
    await close();
    expect(stdin.destroyed).toBe(true);
  });
});
