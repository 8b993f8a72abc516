import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { type Golden, it } from './support/golden.ts';
import { normalise } from './support/normalise.ts';

const header = 'task_id,method,sitekey,pageurl,_note';
const tasks = `${header}
a,turnstile,0x4A,https://example.com/a,plain
b,userrecaptcha,6Le,https://example.de/b,"with, comma"
c,hcaptcha,x,https://example.com/c,refused
d,turnstile,,https://example.com/d,bad row
`;
/** One after the other, on a service that solves at once: as many polls in every run. */
const quick = {
  polling: { firstWait: '0ms', interval: '20ms' },
  retry: { baseDelay: '1ms', maxDelay: '2ms' },
  batch: { concurrency: 1 },
  // Nothing is refilled, so that balances are whole numbers.
  breaker: { samplingDuration: '600s' },
  budget: { minRetriesPerSecond: 0, ratio: 0, maxRetriesPerSecond: 0.001 },
};

const read = (golden: Golden, name: string): Promise<string> => readFile(join(golden.bench.cwd, name), 'utf8');

/** The log of the shared budget and breaker of this host, with placeholders. */
async function readHostLog({ bench }: Golden): Promise<string> {
  const folder = join(bench.home, 'state/captcha/budget');
  const [account] = await readdir(folder);
  const [log] = await readdir(join(folder, account!));
  return normalise(await readFile(join(folder, account!, log!), 'utf8'), bench.home);
}

/** The first record, and every kind of the others once: how many of a kind come together depends on the moment. */
function kindsOfRecords(log: string): string {
  const [first, ...records] = log.trimEnd().split('\n\n');
  const kinds = new Set(records.map((record) => record.replaceAll(/:-?\d+(\.\d+)?(e-?\d+)?/g, ':<number>')));
  return [first, ...[...kinds].sort()].join('\n\n');
}

describe.concurrent('a batch', () => {
  it('writes rows, a journal and bad rows; run again, it finds nothing to do', async ({ golden }) => {
    await golden.bench.write('work/tasks.csv', tasks);
    const usage = { at: await golden.startSandbox('--quirk no-hcaptcha'), config: quick };
    const line = 'batch tasks.csv --out solved.csv --errors bad.csv';
    await golden.compareRun('batch/run', line, usage);
    await golden.compare('batch/solved.csv', await read(golden, 'solved.csv'), 'csv');
    await golden.compare('batch/bad.csv', await read(golden, 'bad.csv'));
    await golden.compare('batch/journal', await read(golden, 'solved.csv.journal'));
    await golden.compare('batch/host-log', kindsOfRecords(await readHostLog(golden)));
    await golden.compareRun('batch/again', line, usage);
    await golden.compareRun('batch/export', 'batch tasks.csv --out solved.csv --export', usage);
    await golden.compareRun('budget/state', 'budget --json', usage);
    await golden.compareRun('budget/state-text', 'budget', { ...usage, form: 'table' });
  });

  it('writes JSON Lines on standard output', async ({ golden }) => {
    await golden.bench.write('work/tasks.csv', tasks);
    const usage = { at: await golden.startSandbox('--quirk no-hcaptcha'), config: quick };
    await golden.compareRun('batch/jsonl', 'batch tasks.csv --format jsonl --journal j', usage);
    await golden.bench.write('work/tasks.jsonl', '{"method":"turnstile","sitekey":"0x4","pageurl":"https://a.de"}\n');
    await golden.compareRun('batch/from-jsonl', 'batch tasks.jsonl --journal k', usage);
  });

  it('is checked without sending anything', async ({ golden }) => {
    await golden.bench.write('work/tasks.csv', tasks);
    await golden.compareRun('batch/dry-run', 'batch tasks.csv --dry-run');
    await golden.compareRun('batch/dry-run-json', 'batch tasks.csv --dry-run --json');
    await golden.compareRun('batch/strict', 'batch tasks.csv --strict');
    await golden.bench.write('work/other.csv', 'name,colour\nx,red\n');
    await golden.compareRun('batch/unusable', 'batch other.csv');
    await golden.compareRun('batch/no-file', 'batch nothing.csv');
  });

  it('that fails for a while leaves its retries in the log of the budget', async ({ golden }) => {
    await golden.bench.write('work/tasks.csv', `${header}\na,turnstile,0x4A,https://example.com/a,\n`);
    const at = await golden.startSandbox('--fault submit/503:1');
    const usage = { at, config: quick };
    await golden.compareRun('batch/unavailable', 'batch tasks.csv --out solved.csv', usage);
    await golden.compare('batch/unavailable-journal', await read(golden, 'solved.csv.journal'));
    await golden.compare('batch/unavailable-host-log', kindsOfRecords(await readHostLog(golden)));
    await golden.compareRun('budget/log', 'budget log --json', usage);
    await golden.compareRun('budget/log-text', 'budget log', { ...usage, form: 'table' });
    await golden.compareRun('budget/reset', 'budget --reset --json', usage);
  });
});
