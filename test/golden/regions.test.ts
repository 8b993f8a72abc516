import { describe } from 'vitest';
import { unknownNode } from '../acceptance/support/any-node.ts';
import { type Golden, type GoldenUsage, it } from './support/golden.ts';

const names = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];
const routes = {
  default: 'us-east-1',
  rules: [{ match: 'shop.example.com/eu', region: 'eu-west-1', residency: 'strict' }],
};
const urls = 'https://shop.example.com/eu/cart www.example.co.jp https://example.org/';
const queue = 'memory:';

/** Regions of a sandbox, of which these do not answer. */
async function openRegions(golden: Golden, down: readonly string[]): Promise<GoldenUsage> {
  const at = await golden.startSandbox();
  const healthOf = (name: string): string =>
    down.includes(name) ? 'http://127.0.0.1:9/health' : `${at.url}/regions/${name}/health`;
  return { at, config: { regions: names.map((name) => ({ name, queue, health: healthOf(name) })), routes } };
}

const withoutHealth = { config: { regions: names.map((name) => ({ name, queue })), routes } };

describe.concurrent('routes', () => {
  it.for([
    ['route/table', `route ${urls}`],
    ['route/json', `route ${urls} --json`],
    ['route/csv', `route ${urls} --format csv`],
    ['route/jsonl', `route ${urls} --format jsonl`],
    ['route/explain', `route --explain ${urls}`],
    ['route/explain-json', `route --explain ${urls} --json`],
    ['route/no-url', 'route https://example.com http:// --json'],
  ] as const)('%s', async ([name, line], { golden }) => {
    await golden.compareRun(name, line, { ...withoutHealth, form: 'exact' });
  });

  it('with regions that are down, and without any regions', async ({ golden }) => {
    const usage = await openRegions(golden, ['us-east-1']);
    await golden.compareRun('route/health-json', `route --health ${urls} --json`, usage);
    await golden.compareRun('route/no-regions', 'route https://example.com');
  });
});

describe.concurrent('health and failover', () => {
  it.for([
    ['one-down', ['us-east-1']],
    ['all-down', names],
    ['all-up', []],
  ] as const)('%s', async ([name, down], { golden }) => {
    const usage = await openRegions(golden, down);
    await golden.compareRun(`health/${name}-json`, 'health --json', usage);
    await golden.compareRun(`health/${name}-text`, 'health', { ...usage, form: 'table' });
    await golden.compareRun(`failover/${name}-json`, 'failover --json', usage);
    await golden.compareRun(`failover/${name}-text`, 'failover', { ...usage, form: 'table' });
    await golden.compareRun(`health/${name}-prometheus`, 'health --prometheus', usage);
  });
});

describe.concurrent('the doctor', () => {
  it('where all is well, and where nothing answers', async ({ golden }) => {
    const env = unknownNode;
    const usage = { ...(await openRegions(golden, ['us-east-1'])), env };
    await golden.compareRun('doctor/json', 'doctor --json', usage);
    await golden.compareRun('doctor/text', 'doctor', { ...usage, form: 'table' });
    await golden.compareRun('doctor/sandbox', '--sandbox doctor --json', { config: null, env });
    await golden.compareRun('doctor/unreachable', 'doctor --json', { config: {}, env });
  });
});
