import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BadRow, InputRow } from '../../../../src/ports/files.ts';
import { inChunks, readAll, readStdin, sourceOf, valuesOf } from './read-input.ts';
import { runs } from '../../../support/exhaustive.ts';

/** An independent writer that shares no code with the reader. */
function writeCsv(
  rows: readonly (readonly string[])[],
  style: { delimiter: string; end: string; quoteAll: boolean },
): string {
  const field = (value: string): string =>
    style.quoteAll || /[",;\t|\r\n]|^\s|^$/.test(value) ? `"${value.split('"').join('""')}"` : value;
  return rows.map((row) => row.map(field).join(style.delimiter) + style.end).join('');
}

const value = fc.string({
  unit: fc.constantFrom('a', '0', '"', ',', ';', '\t', '|', '\n', '\r', ' ', 'ü', '€', '😀'),
  maxLength: 12,
});
const style = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  end: fc.constantFrom('\n', '\r\n', '\r'),
  quoteAll: fc.boolean(),
});

describe('any rows', () => {
  it('are read from a CSV as they were written', async () => {
    const rows = fc.array(fc.tuple(value, value, value), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rows, style, fc.boolean(), async (written, how, isUtf16) => {
        const text = writeCsv([['method', 'note', 'x'], ...written], how);
        const content = isUtf16 ? Buffer.from(`\uFEFF${text}`, 'utf16le') : text;
        const { rows: read, bad, error } = await readStdin(content);
        expect({ bad, error }).toEqual({ bad: [], error: null });
        expect(valuesOf(read)).toEqual(written.map(([method, note, x]) => ({ method, note, x })));
      }),
      { numRuns: runs(500) },
    );
  });

  it('are read from JSON Lines as they were written', async () => {
    const row = fc.record({ method: value, note: fc.string({ unit: 'grapheme' }) });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), async (written) => {
        const clean = written.filter(({ note }) => !/[\0\uFFFD]/.test(note));
        fc.pre(clean.length > 0);
        const { rows, bad } = await readStdin(clean.map((each) => `${JSON.stringify(each)}\n`).join(''));
        expect(bad).toEqual([]);
        expect(valuesOf(rows)).toEqual(clean);
      }),
      { numRuns: runs(300) },
    );
  });
});

/** The lines of each record, up to the start of the next one. */
function spans(
  all: readonly (InputRow | BadRow)[],
  end: number,
): { readonly row: InputRow | BadRow; readonly to: number }[] {
  return all.map((row, index) => ({ row, to: all[index + 1]?.line ?? end }));
}

describe('any input', () => {
  it('is read or rejected, whatever its bytes', async () => {
    const text = fc.string({
      unit: fc.constantFrom('"', ',', '\n', '\r', '\0', ' ', 'a', '{', '}', ':', '\\', '\xff'),
      maxLength: 60,
    });
    const start = fc.constantFrom('', 'method,note\n', '"method";"note"\n', '{"method":"a"}\n', '\uFEFFmethod\n');
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array)),
      fc.tuple(start, text).map(([head, rest]) => Buffer.concat([Buffer.from(head), Buffer.from(rest, 'latin1')])),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (content, sizes) => {
        const { all } = await readAll(sourceOf({ stdin: inChunks(content, sizes) }));
        expect(all.map(({ row }) => row)).toEqual(all.map((_, index) => index + 1));
      }),
      { numRuns: runs(2000) },
    );
  });

  it('without quotes gives a row or an invalid row for every line', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ',', '\0', '\xff', 'x'), minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 20 }), fc.constantFrom('\n', '\r\n', '\r'), async (lines, end) => {
        const text = ['method,note', ...lines].join(end);
        const { all, error } = await readStdin(text);
        expect(error).toBeNull();
        expect(all.map(({ line: at }) => at)).toEqual(lines.map((_, index) => index + 2));
      }),
      { numRuns: runs(300) },
    );
  });

  it('loses no row silently when characters are inserted into a valid CSV', async () => {
    const slip = fc.tuple(fc.nat(), fc.constantFrom('"', '""', ',', '\n', '"\n', ' "', '\r\n', '",'));
    await fc.assert(
      fc.asyncProperty(fc.array(slip, { minLength: 1, maxLength: 4 }), fc.boolean(), async (slips, quoteAll) => {
        const rows = Array.from({ length: 12 }, (_, id) => [`<${id}>`, id % 3 === 0 ? 'a "b"\nc' : 'plain', 'x']);
        const header = 'method,note,x\n';
        const text = slips.reduce(
          (body, [at, what]) => {
            const place = at % (body.length + 1);
            return body.slice(0, place) + what + body.slice(place);
          },
          writeCsv(rows, { delimiter: ',', end: '\n', quoteAll }),
        );
        const { all, error } = await readStdin(header + text);
        const lastLine = error === null ? Infinity : (all.at(-1)?.line ?? 0);
        for (const [id] of rows) {
          const at = text.indexOf(id!);
          const line = 2 + text.slice(0, at).split(/\r\n|[\r\n]/).length - 1;
          // The change may affect the marker itself, and the text after the last record is lost with an error, not
          // silently.
          if (at === -1 || line > lastLine) continue;
          const span = spans(all, Infinity).find(({ row, to }) => row.line <= line && line < to);
          const isKept = span?.row.type === 'row' && Object.values(span.row.values).some((each) => each.includes(id!));
          expect(isKept || span?.row.type === 'bad', `${id} of ${JSON.stringify(text)}`).toBe(true);
        }
      }),
      { numRuns: runs(1500) },
    );
  });
});
