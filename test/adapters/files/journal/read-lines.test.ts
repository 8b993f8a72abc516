import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLineAt, readLines } from '../../../../src/adapters/files/journal/read-lines.ts';
import { aFolder } from './support/a-journal.ts';

/** The text between two offsets of a file. */
async function linesOf(
  content: string,
  from = 0,
  to = Buffer.byteLength(content),
): Promise<[string, number, boolean][]> {
  const path = join(aFolder(), 'f');
  writeFileSync(path, content);
  const file = await open(path);
  const lines: [string, number, boolean][] = [];
  for await (const some of readLines(file, { from, to })) {
    for (const { bytes, at, isWhole } of some) lines.push([bytes.toString(), at, isWhole]);
  }
  await file.close();
  return lines;
}

describe('the lines of a file', () => {
  it.each<[string, [string, number, boolean][]]>([
    ['', []],
    ['\n', [['', 0, true]]],
    ['a', [['a', 0, false]]],
    [
      'a\nbc\n',
      [
        ['a', 0, true],
        ['bc', 2, true],
      ],
    ],
    [
      'a\n\nb',
      [
        ['a', 0, true],
        ['', 2, true],
        ['b', 3, false],
      ],
    ],
  ])('of %j', async (content, lines) => expect(await linesOf(content)).toEqual(lines));

  it('are read between two offsets only', async () => {
    expect(await linesOf('one\ntwo\nthree\n', 4, 9)).toEqual([
      ['two', 4, true],
      ['t', 8, false],
    ]);
  });

  it('are complete wherever the reads end', async () => {
    const lines = Array.from({ length: 5000 }, (_, n) => 'x'.repeat((n * 7919) % 1500));
    lines[2000] = 'y'.repeat(5_000_000);
    const read = await linesOf(`${lines.join('\n')}\n`);
    expect(read.map(([text]) => text)).toEqual(lines);
    let at = 0;
    expect(read.every(([text, from]) => from === at && (at += text.length + 1) > 0)).toBe(true);
  });

  it('are found by their offset, whatever their length', async () => {
    const path = join(aFolder(), 'f');
    const lines = ['a', 'b'.repeat(4095), 'c'.repeat(4096), 'd'.repeat(100_000), ''];
    writeFileSync(path, `${lines.join('\n')}\nrest`);
    const file = await open(path);
    const { size } = await file.stat();
    let from = 0;
    for (const line of lines) {
      expect((await readLineAt(file, { from, to: size }))?.toString()).toBe(line);
      from += line.length + 1;
    }
    expect(await readLineAt(file, { from, to: size })).toBeNull();
    await file.close();
  });
});
