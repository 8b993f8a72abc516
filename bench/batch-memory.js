import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { measure } from './batch/measure.js';

// Tests that the memory of `captcha batch` does not grow with the number of rows: compares the peaks at many and at few
// rows.
// Usage: node bench/batch-memory.js [many] [few] [rounds]
const [many = 1_000_000, few = 10_000, rounds = 1] = process.argv.slice(2).map(Number);
const bin = new URL('../bin/captcha.js', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'captcha-bench-'));

async function writeInput(rows) {
  const file = createWriteStream(join(folder, `${rows}.csv`));
  file.write('task_id,method,sitekey,pageurl\n');
  for (let row = 1; row <= rows; row += 1) {
    const hasRoom = file.write(`t${row},turnstile,0x4AAA${row},https://example.com/login/${row}\n`);
    if (!hasRoom) await once(file, 'drain');
  }
  file.end();
  await finished(file);
}

const service = spawn(process.execPath, [new URL('batch/service.js', import.meta.url).pathname], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = await once(service.stdout, 'data');
for (const rows of [few, many]) await writeInput(rows);
await writeFile(join(folder, 'captcha.config.json'), '{"polling":{"firstWait":"0ms","interval":"20ms"}}');
const env = {
  CAPTCHAAI_BASE_URL: String(line).trim(),
  CAPTCHAAI_API_KEY: 'bench',
  XDG_STATE_HOME: join(folder, 'state'),
};
const variants = { '--dry-run': ['--dry-run'], '--limit 100': ['--limit', '100', '--out', 'solved.csv', '--fresh'] };

/** The smallest of several peaks: late garbage collection is not growth. */
async function peakOf(rows, flags) {
  const peaks = [];
  for (let round = 0; round < rounds; round += 1) {
    const args = [bin, '--config', 'captcha.config.json', 'batch', `${rows}.csv`, ...flags];
    peaks.push((await measure(args, { env, cwd: folder })).peakMiB);
  }
  return Math.min(...peaks);
}

console.log(`| run | peak MiB at ${few} rows | at ${many} rows | ratio | aim |\n|---|---|---|---|---|`);
for (const [name, flags] of Object.entries(variants)) {
  const [small, large] = [await peakOf(few, flags), await peakOf(many, flags)];
  console.log(`| ${[name, small.toFixed(0), large.toFixed(0), (large / small).toFixed(2), '<= 1.30'].join(' | ')} |`);
}
service.kill();
await rm(folder, { recursive: true });
