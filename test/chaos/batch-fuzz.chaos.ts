import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { type Ledger, openLedger, rowsOf } from '../acceptance/support/batch.ts';
import { type Bench, it } from '../acceptance/support/bench.ts';

const runs = Number(process.env['CHAOS_RUNS'] ?? 60);
const header = 'task_id,method,sitekey,pageurl';
const good = 'a,turnstile,0x4AAA,https://example.com/login';

/** Inputs that have broken CSV readers, with their number of records; null if the whole input is rejected. */
const corpus: readonly (readonly [name: string, input: string | Uint8Array, records: number | null])[] = [
  ['nothing', '', null],
  ['a byte order mark alone', '\uFEFF', null],
  ['a header alone', `${header}\n`, 0],
  ['CRLF and a byte order mark', `\uFEFF${header}\r\n${good}\r\n`, 1],
  ['no newline at the end', `${header}\n${good}`, 1],
  ['quoted newlines and quotes', `${header},_note\n${good},"two\nlines, ""quoted"""\n`, 1],
  ['semicolons', `${header}\n${good}\n`.replaceAll(',', ';'), 1],
  ['tabs', `${header}\n${good}\n`.replaceAll(',', '\t'), 1],
  ['too few and too many fields', `${header}\na\n${good}\nb,turnstile,k,https://a.example,more\n`, 3],
  ['a NUL', `${header}\n${good}\0\n`, 1],
  ['an unclosed quote', `${header}\n"${good}\n`, null],
  ['the same id often', `${header}\n${`${good}\n`.repeat(5)}`, 5],
  ['names of prototypes', `${header},__proto__,constructor\n${good},x,y\n`, 1],
  ['parameters that are not for tasks', `${header},key,action\n${good},k,get\n`, null],
  ['records in which nothing stands', `${header}\n,,,\n${good}\n,,,,,,\n`, 1],
  ['UTF-16', Buffer.from(`\uFEFF${header}\n${good}\n`, 'utf16le'), 1],
  ['bytes that are no text', Uint8Array.from({ length: 512 }, (_, index) => (index * 37) % 256), null],
  ['a very long field', `${header},_note\n${good},${'x'.repeat(2_000_000)}\n`, 1],
];

/**
 * Runs a batch over an input. It must not crash; unless the input is rejected, every record is a row or an invalid row.
 */
async function expectAccountedFor(
  bench: Bench,
  ledger: Ledger,
  input: string | Uint8Array,
): Promise<{ code: number | null; records: number | null }> {
  await bench.write('work/fuzz.csv', input);
  const line = ['batch', 'fuzz.csv', '--out', 'o.csv', '--errors', 'bad.csv', '--fresh', '--concurrency', '50'];
  const { code, stderr } = await bench.run(line, { at: ledger });
  expect([0, 1, 2], stderr).toContain(code);
  if (code === 2) return { code, records: null };
  const [rows, bad] = await Promise.all(
    ['o.csv', 'bad.csv'].map(async (name) => rowsOf(await readFile(join(bench.cwd, name), 'utf8'))),
  );
  return { code, records: rows!.length + bad!.length };
}

/** Problematic and ordinary cells. */
const cell = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('', 'turnstile', 'userrecaptcha', '0x4AAA', 'https://example.com/', '1') },
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\uFEFF', '')),
  fc.constantFrom('"', '""', '\n', '\r\n', ',', ';', '\t', "'", '=1+1', '\u2028', '\u0000', '😀', 'null', '-0', 'NaN'),
);

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

describe('captcha batch with random inputs', () => {
  it.for(corpus)('%s: accounts for every record', async ([, input, records], { bench }) => {
    const ledger = await openLedger(bench);
    expect((await expectAccountedFor(bench, ledger, input)).records).toBe(records);
  });

  it('well-formed random tables: every input row is an output row or an invalid row', async ({ bench }) => {
    const ledger = await openLedger(bench);
    const table = fc.array(fc.array(cell, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 20 });
    const property = fc.asyncProperty(table, async (cells) => {
      const lines = cells.map((row) => row.map(quoted).join(','));
      const { code, records } = await expectAccountedFor(bench, ledger, `${header},_note\n${lines.join('\n')}\n`);
      // A control character may make the input binary, which is rejected as a whole.
      // An empty record is skipped.
      const meant = cells.filter((row) => row.some((text) => text.trim() !== ''));
      if (code !== 2) expect(records).toBe(meant.length);
    });
    await fc.assert(property, { numRuns: runs });
  });

  it('any text after a header never crashes it', async ({ bench }) => {
    const ledger = await openLedger(bench);
    const property = fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (text) => {
      await expectAccountedFor(bench, ledger, `${header}\n${good}\n${text}`);
    });
    await fc.assert(property, { numRuns: runs });
  });

  it('any bytes never crash it', async ({ bench }) => {
    const ledger = await openLedger(bench);
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      await expectAccountedFor(bench, ledger, bytes);
    });
    await fc.assert(property, { numRuns: runs });
  });
});
