/**
 * Prints statistics about the files in `src/`: `npm run check:house`; `-- --list` also lists small files and files with
 * one importer. The figures are hints, not a verdict: the exit code is always 0.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');
const maxSmallLines = 40;
const maxOneImporterLines = 45;
const importPattern = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g;

const paths = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => join(source, path))
  .sort();

const importers = new Map(paths.map((path) => [path, new Set()]));
const files = paths.map((path) => {
  const text = readFileSync(path, 'utf8');
  for (const [, target] of text.matchAll(importPattern)) importers.get(resolve(dirname(path), target))?.add(path);
  return { name: relative(root, path), path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) };
});

const byLength = files.map(({ lines }) => lines).sort((a, b) => a - b);
/** Nearest rank, as in `sort -n | sed -n Np`. */
const quantile = (share) => byLength[Math.max(0, Math.ceil(share * byLength.length) - 1)];
const total = (some) => some.reduce((sum, { lines }) => sum + lines, 0);
const lines = total(files);
const small = files.filter((file) => file.lines <= maxSmallLines);
const oneImporter = files.filter((file) => file.lines <= maxOneImporterLines && importers.get(file.path).size === 1);

const rows = [
  ['source files', files.length],
  ['lines', lines],
  ['files per 1,000 lines', ((files.length * 1_000) / lines).toFixed(1)],
  ['median / p90 / longest file', [0.5, 0.9, 1].map(quantile).join(' / ')],
  [`files of at most ${maxSmallLines} lines`, small.length],
  [
    `files with exactly one importer and at most ${maxOneImporterLines} lines`,
    `${oneImporter.length} (${total(oneImporter)} lines)`,
  ],
];
const width = Math.max(...rows.map(([label]) => label.length));
for (const [label, figure] of rows) console.log(`${label.padEnd(width)}  ${figure}`);

if (process.argv.includes('--list')) {
  console.log(`\nAt most ${maxSmallLines} lines:`);
  for (const file of small) console.log(`${String(file.lines).padStart(5)}  ${file.name}`);
  console.log(`\nExactly one importer and at most ${maxOneImporterLines} lines:`);
  for (const file of oneImporter) {
    const [importer] = importers.get(file.path);
    console.log(`${String(file.lines).padStart(5)}  ${file.name}  (for ${relative(root, importer)})`);
  }
}
