// Waiting times of tasks that arrive while the largest of four regions is down, by failover rule and age of the health
// data, in virtual time. Usage: node bench/failover.js
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const folder = await mkdtemp(join(tmpdir(), 'captcha-bench-'));
const bundle = join(folder, 'outage-table.mjs');
const source = new URL('../test/support/outage-table.ts', import.meta.url).pathname;
await build({ entryPoints: [source], outfile: bundle, bundle: true, platform: 'node', format: 'esm' });
const { outageTable } = await import(pathToFileURL(bundle).href);

const rows = await outageTable();
const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;
const article = rows.find(({ rule }) => rule === 'article as written');
console.log(
  '| health is at most | rule | wait p95 | wait p99 | against the article | longest queues |\n|---|---|---|---|---|---|',
);
for (const { rule, healthEveryMs, p95Ms, p99Ms, deepest } of rows) {
  const ratio = `${(article.p99Ms / p99Ms).toFixed(1)}x`;
  const cells = [`${healthEveryMs / 1_000} s old`, rule, seconds(p95Ms), seconds(p99Ms), ratio, deepest.join(' / ')];
  console.log(`| ${cells.join(' | ')} |`);
}
await rm(folder, { recursive: true });
