import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { onePer } from '../../../support/exhaustive.ts';
import { fileWith } from './read-input.ts';

/** Reads generated rows, and prints their number and the peak memory in MB. */
const program = `
import { openSource } from '${join(import.meta.dirname, '../../../../src/adapters/files/input/open-source.ts')}';
const [count, format] = [Number(process.argv[2]), process.argv[3]];
async function* lines() {
  if (format === 'csv') yield Buffer.from('task_id,method,pageurl,_note\\n');
  for (let start = 0; start < count; start += 500) {
    const ids = Array.from({ length: Math.min(500, count - start) }, (_, index) => start + index);
    const text = ids.map((id) => format === 'csv'
      ? 't' + id + ',turnstile,https://example.com/' + id + ',"a note, quoted\\non two lines"\\n'
      : JSON.stringify({ task_id: 't' + id, method: 'turnstile', pageurl: 'https://example.com/' + id, n: id }) + '\\n');
    yield Buffer.from(text.join(''));
  }
}
const source = openSource({ path: '-', stdin: lines(), format, delimiter: null, encoding: null, columnNames: {},
  ignoredForKey: new Set() });
let rows = 0;
for await (const row of source.records()) if (row.type === 'row') rows++;
console.log(JSON.stringify({ rows, peakMb: process.resourceUsage().maxRSS / 1024 }));
`;

async function bundled(): Promise<string> {
  const entry = await fileWith(program, 'read.ts');
  const outfile = join(dirname(entry), 'read.mjs');
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm' });
  return outfile;
}

function read(script: string, count: number, format: string): { readonly rows: number; readonly peakMb: number } {
  const text = execFileSync(process.execPath, [script, String(count), format], { encoding: 'utf8' });
  return JSON.parse(text) as { rows: number; peakMb: number };
}

describe('memory', () => {
  it.each(onePer(['csv', 'jsonl'], () => ''))('does not grow with the number of rows of %s', async (format) => {
    const script = await bundled();
    const few = read(script, 20_000, format);
    const many = read(script, 200_000, format);
    expect([few.rows, many.rows]).toEqual([20_000, 200_000]);
    // Storing 180,000 rows would take more than 80 MB.
    expect(many.peakMb - few.peakMb).toBeLessThan(60);
  });
});
