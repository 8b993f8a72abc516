// Simulates published comparisons of retry strategies with the production code, and prints the published figures in
// brackets.
// Usage: node bench/simulation.js [aws|clients|collapse|storm|strategies ...] [--seed N]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' } },
});
const folder = await mkdtemp(join(tmpdir(), 'captcha-bench-'));
const bundle = join(folder, 'published-tables.mjs');
const source = new URL('simulation/print-tables.ts', import.meta.url).pathname;
await build({
  ...{ entryPoints: [source], outfile: bundle, bundle: true, platform: 'node', format: 'esm' },
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
const { printTables } = await import(pathToFileURL(bundle).href);
await printTables(positionals, Number(values.seed));
await rm(folder, { recursive: true, force: true });
