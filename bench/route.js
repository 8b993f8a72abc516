import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { measureFilter } from './route/measure.js';

// The cost of `captcha route` compared with a bare loop of `new URL` and one map look-up that writes the same lines.
// Measures whole processes, from file to file. Usage: node bench/route.js [many] [few] [rounds]
const [many = 1_000_000, few = 10_000, rounds = 3] = process.argv.slice(2).map(Number);
const bin = new URL('../bin/captcha.js', import.meta.url).pathname;
const floor = new URL('route/floor.js', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'captcha-bench-'));
const at = (name) => join(folder, name);

const regions = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];
const sites = Array.from({ length: 50 }, (_, index) => `site-${index}`);
/** Hosts decided by an exact rule, a suffix rule, a country and the default. */
const hosts = sites.flatMap((site) => [`${site}.example.com`, `www.${site}.example.org`, `${site}.de`, `${site}.com`]);
const rules = sites.flatMap((site, index) => [
  { match: `${site}.example.com`, region: regions[index % 3] },
  { match: `*.${site}.example.org`, region: regions[(index + 1) % 3] },
]);

async function writeInput(rows) {
  const file = createWriteStream(at(`${rows}.txt`));
  for (let row = 0; row < rows; row += 1) {
    const host = hosts[(row * 7) % hosts.length];
    if (!file.write(`https://${host}/account/login/${row}?session=${row * 31}\n`)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
}

const config = { regions: regions.map((name) => ({ name, queue: `sqs://captcha-tasks-${name}` })) };
await writeFile(at('captcha.config.json'), JSON.stringify({ ...config, routes: { default: regions[0], rules } }));
for (const rows of [few, many]) await writeInput(rows);
const route = [bin, '--config', at('captcha.config.json'), '--quiet', 'route', '--format', 'jsonl'];

// The program's own decision for each host is the floor's look-up table.
const said = execFileSync(process.execPath, route, { input: hosts.join('\n'), encoding: 'utf8' });
const decisions = said
  .trimEnd()
  .split('\n')
  .map((line) => {
    const { region, rule, reason, queue, error, host } = JSON.parse(line);
    return [host, { region, rule, reason, queue, error }];
  });
await writeFile(at('decisions.json'), JSON.stringify(decisions));

const profile =
  process.env.BENCH_PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`];
const variants = {
  'new URL + Map, JSON.stringify': [floor, at('decisions.json')],
  'new URL + Map, JSON by hand': [floor, at('decisions.json'), 'by-hand'],
  'captcha route --format jsonl': [...profile, ...route],
};

const runs = new Map();
async function runAll(rows, round) {
  for (const [name, args] of Object.entries(variants)) {
    const to = at(`${Object.keys(variants).indexOf(name)}.jsonl`);
    const measured = await measureFilter(args, { from: at(`${rows}.txt`), to, cwd: folder });
    runs.set(`${name} ${rows}`, [...(runs.get(`${name} ${rows}`) ?? []), measured]);
  }
  if (round > 0) return;
  // `cmp` exits with an error if two files differ, which throws here.
  for (const other of [1, 2]) execFileSync('cmp', [at('0.jsonl'), at(`${other}.jsonl`)]);
}
// Interleaved, so that other load on the machine affects all variants.
for (let round = 0; round < rounds; round += 1) for (const rows of [few, many]) await runAll(rows, round);
await rm(folder, { recursive: true });

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const of = (name, field, rows = many) => median(runs.get(`${name} ${rows}`).map((run) => run[field]));
console.log(
  `${many} URLs, ${hosts.length} hosts, ${rules.length} rules, medians of ${rounds}, node ${process.version}\n`,
);
console.log(`| process | CPU ms | wall ms | peak MiB | at ${few} URLs | ratio |\n|---|---|---|---|---|---|`);
for (const name of Object.keys(variants)) {
  const [cpuMs, wallMs, peak] = ['cpuMs', 'wallMs', 'peakMiB'].map((field) => of(name, field));
  const small = of(name, 'peakMiB', few);
  const cells = [
    name,
    cpuMs.toFixed(0),
    wallMs.toFixed(0),
    peak.toFixed(0),
    small.toFixed(0),
    (peak / small).toFixed(2),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
const [plain, byHand, ours] = Object.keys(variants).map((name) => of(name, 'cpuMs'));
console.log(
  `\nCPU over JSON.stringify: ${(ours / plain).toFixed(2)}, over JSON by hand: ${(ours / byHand).toFixed(2)}`,
);
console.log(
  'aims: CPU at most 1.6 of the floor, peak memory at most 1.3 of that with few URLs; outputs are the same bytes',
);
