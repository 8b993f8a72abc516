import { execFileSync, spawn } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../src/domain/errors.ts';
import { fileWith, inChunks, readAll, readStdin, sourceOf } from './read-input.ts';
import { runs } from '../../../support/exhaustive.ts';

/** Standard input that the test writes. */
function aPipe(): { readonly stdin: AsyncIterable<Uint8Array>; write(text: string): void; end(): void } {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, {
    highWaterMark: 99,
  });
  const writer = writable.getWriter();
  return {
    stdin: readable,
    write: (text) => void writer.write(Buffer.from(text)),
    end: () => void writer.close(),
  };
}

describe('standard input', () => {
  it.each([
    ['a CSV', 'method,note\n', 'a,1\n', 'b,"2\n', '3"\n'],
    ['JSON Lines', '', '{"method":"a"}\n', '{"method":"b",', '"note":""}\n'],
  ])('gives a row of %s as soon as its line has arrived', async (_what, header, first, half, otherHalf) => {
    const pipe = aPipe();
    const records = sourceOf({ stdin: pipe.stdin }).records()[Symbol.asyncIterator]();
    pipe.write(header + first);
    expect(await records.next()).toMatchObject({ value: { row: 1, values: { method: 'a' } } });
    pipe.write(half);
    pipe.write(otherHalf);
    expect(await records.next()).toMatchObject({ value: { row: 2, values: { method: 'b' } } });
    pipe.end();
    expect(await records.next()).toEqual({ done: true, value: undefined });
  });

  it('returns its columns before the first row is requested, and loses none', async () => {
    const source = sourceOf({ stdin: inChunks(Buffer.from('method,note\na,1\nb,2\n'), [5]) });
    expect(source.isRepeatable).toBe(false);
    expect(await source.columns()).toEqual(['method', 'note']);
    expect(await source.columns()).toEqual(['method', 'note']);
    expect((await readAll(source)).rows).toHaveLength(2);
    expect(() => source.records()).toThrow('once');
  });

  it('is closed when the reader stops early', async () => {
    let isReturned = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from('method,note\n');
        for (;;) yield Buffer.from('a,1\n');
      } finally {
        isReturned = true;
      }
    }
    for await (const row of sourceOf({ stdin: endless() }).records()) if (row.row === 3) break;
    expect(isReturned).toBe(true);
  });

  it('is rejected when it is a terminal', () => {
    const stdin = Object.assign(inChunks(new Uint8Array()), { isTTY: true });
    expect(() => sourceOf({ stdin })).toThrow(UsageError);
  });

  it('gives the same records whatever the chunks', async () => {
    const contents = [
      'method,note,x\r\na,"1\r\n2",ü€😀\r\n\r\nb,"x" y,\r\nc,"4\r\nd,"",5\r\n\0,\xff,e\r\nf,1\r\n',
      'sep=;\nmethod;"a,b"\nx;"1;2"\n',
      'method;a,b\nx;1\ny;2\nz,1',
      '\n\n{"method":"ü€😀","n":12345678901234567890}\n{"method":[]}\nx\n\n{"method":"\\u0000"}',
      'method,note\na,"1\n',
    ].flatMap((text) => [
      Buffer.from(text),
      Buffer.from(`\uFEFF${text}`, 'utf16le'),
      Buffer.from(text, 'utf16le').swap16(),
    ]);
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...contents), sizes, async (content, chunkSizes) => {
        const whole = await readStdin(content);
        const chunked = await readAll(sourceOf({ stdin: inChunks(content, chunkSizes) }));
        expect(chunked).toEqual(whole);
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('a file', () => {
  it('can be read several times, and gives the same keys', async () => {
    const source = sourceOf({ path: await fileWith('method,note\na,1\na,1\nb,2\n') });
    const first = await readAll(source);
    expect(source.isRepeatable).toBe(true);
    expect(await readAll(source)).toEqual(first);
    expect(new Set(first.rows.map(({ key }) => key)).size).toBe(3);
  });

  it('that has changed since it was opened is rejected', async () => {
    const path = await fileWith('method,note\na,1\n');
    const source = sourceOf({ path });
    await readAll(source);
    await appendFile(path, 'b,2\n');
    const { rows, error } = await readAll(source);
    expect(rows).toEqual([]);
    expect(error?.message).toContain(`${path} changed while it was being read`);
  });

  it.each([
    ['is not there', (path: string) => `${path}.gone`, 'there is no such file'],
    ['is a directory', dirname, 'it is a directory'],
  ])('that %s is rejected when it is opened', async (_what, place, message) => {
    const path = place(await fileWith(''));
    expect(() => sourceOf({ path })).toThrow(new UsageError(`${path}: ${message}`));
  });

  it('that is a named pipe is read once', async () => {
    const path = join(dirname(await fileWith('')), 'pipe');
    execFileSync('mkfifo', [path]);
    const source = sourceOf({ path });
    expect(source.isRepeatable).toBe(false);
    spawn('sh', ['-c', `printf 'method,note\\na,1\\n' > '${path}'`]);
    expect(await source.columns()).toEqual(['method', 'note']);
    expect((await readAll(source)).rows).toHaveLength(1);
  });

  it.each([
    ['tasks.jsonl', '{"method":"a"}', 1],
    ['tasks.NDJSON', ' {"method":"a"}', 1],
    ['tasks.csv', '{method,method\na,b\n', 1],
    ['tasks', '  {"method":"a"}', 1],
    ['tasks.txt', 'method\na', 1],
  ])('%s is read by its extension, or else by its first character', async (name, content, count) => {
    expect((await readAll(sourceOf({ path: await fileWith(content, name) }))).rows).toHaveLength(count);
  });
});
