import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowKeys } from '../../../../src/adapters/files/input/row-keys.ts';
import { readStdin } from './read-input.ts';

type Columns = Readonly<Record<string, string>>;

function keysOf(rows: readonly Columns[], ignored: readonly string[] = []): string[] {
  const keys = new RowKeys(new Set(ignored));
  return rows.map((row) => keys.keyOf(Object.keys(row), Object.values(row)));
}

const keyOf = (row: Columns, ignored: readonly string[] = []): string => keysOf([row], ignored)[0]!;

describe('the key of a row', () => {
  it('is 32 hexadecimal digits, and the same in every version', () => {
    // printf '6:method9:turnstile7:pageurl17:https://a.example' | sha256sum
    expect(keyOf({ pageurl: 'https://a.example', method: 'turnstile' })).toBe('10b5419d95a484fefd0a202de2841e10');
    const [first, second] = keysOf([{ method: 'a' }, { method: 'a' }]);
    expect([first, second]).toEqual(['f5f91814931b933445e396b08c570db2', '0bbacc90834b8247e05ac747ebcf8e83']);
  });

  it('does not depend on the order of the columns', () => {
    expect(keyOf({ b: '2', a: '1' })).toBe(keyOf({ a: '1', b: '2' }));
  });

  it('treats an empty value like a missing one', () => {
    expect(keyOf({ a: '1', b: '', c: '3' })).toBe(keyOf({ a: '1', c: '3' }));
  });

  it('does not depend on ignored columns', () => {
    expect(keyOf({ a: '1', status: 'solved' }, ['status'])).toBe(keyOf({ a: '1' }));
  });

  it('is not stored for records with an id of their own, but for the others', () => {
    const keys = new RowKeys(new Set(), 'id');
    const of = (id: string): string => keys.keyOf(['id', 'a'], [id, '1']);
    expect(of('x')).toBe(of('x'));
    expect(of('x')).not.toBe(of('y'));
    expect(of('')).not.toBe(of(''));
  });

  it('distinguishes occurrences of one content, in order, also between other rows', () => {
    const [first, other, second, third] = keysOf([{ a: '1' }, { a: '2' }, { a: '1' }, { a: '1' }]);
    expect(new Set([first, other, second, third]).size).toBe(4);
    expect(keysOf([{ a: '2' }, { a: '1' }, { a: '1' }, { a: '1' }])).toEqual([other, first, second, third]);
  });

  it('differs for different contents', () => {
    // Names and values that contain the lengths and marks of the key's text.
    const text = fc.string({ unit: fc.constantFrom('1', '2', ':', '#', 'a'), maxLength: 6 });
    const row = fc.dictionary(text, text, { maxKeys: 3 });
    const meaning = (columns: Columns): string =>
      JSON.stringify(
        Object.entries(columns)
          .filter(([, value]) => value !== '')
          .sort(),
      );
    fc.assert(
      fc.property(row, row, (one, two) => {
        expect(keyOf(one) === keyOf(two)).toBe(meaning(one) === meaning(two));
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same for a CSV, for JSON Lines and for an output that is used as an input', async () => {
    const ignoredForKey = new Set(['status', 'solution']);
    const inputs = [
      'method,note\nturnstile,a\n',
      'note;method;empty\na;turnstile;\n',
      '{"note":"a","method":"turnstile","none":null}\n',
      'method,note,status,solution\nturnstile,a,solved,0.abc\n',
    ];
    const keys = await Promise.all(
      inputs.map(async (input) => (await readStdin(input, { ignoredForKey })).rows[0]!.key),
    );
    expect(new Set(keys).size).toBe(1);
  });

  it('uses the mapped column names', async () => {
    const { rows } = await readStdin('type\nturnstile\n', { columnNames: { type: 'method' } });
    expect(rows[0]!.key).toBe(keyOf({ method: 'turnstile' }));
  });
});
