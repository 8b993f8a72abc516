import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { startService, unusedPort } from '../../acceptance/support/service.ts';
import { RedisServer } from '../../contract/support/redis-server.ts';
import { anImage } from '../../support/an-image.ts';
import { CapturedProcess } from './captured-process.ts';

/** What a page may assume: a home folder that is also the working directory, a service with an account, and files. */
export interface World {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

export interface Preparation {
  readonly home: string;
  /** The URL of the service. */
  readonly url: string;
  /** Runs at the end, the last one first. */
  readonly afterwards: (close: () => Promise<unknown>) => void;
}

/** How a world differs from that of an account and nothing else. */
interface WorldParts {
  /** Added to the configuration; null for none. */
  readonly config?: object | null;
  readonly env?: NodeJS.ProcessEnv;
  readonly files?: Readonly<Record<string, string>>;
  /** Is done first, in the home folder. */
  readonly before?: (world: World) => Promise<void>;
}

/** 32 characters, as the keys of CaptchaAI have. */
export const key = '0123456789abcdef0123456789abcdef';

/** A service that answers soon is polled soon. Only what hangs is given up. */
const quick = {
  health: { timeout: '60s' },
  api: { timeout: '60s' },
  polling: { firstWait: '0ms', interval: '20ms' },
  retry: { baseDelay: '10ms', maxDelay: '50ms' },
};

const pages = ['example.com/login', 'shop.example.de/login', 'example.co.jp/', 'example.com/checkout'];
const rows = pages.map((page, index) => `t${index + 1},turnstile,0x4AAA,https://${page}\n`);
const tasks = `task_id,method,sitekey,pageurl\n${rows.join('')}`;

type RegionHealth = { readonly status: number; readonly report?: object };

/** The health endpoints of regions, of which each gives its answers in turn, and then from the first on. */
async function regionsThat(
  answers: Readonly<Record<string, readonly RegionHealth[]>>,
  { afterwards }: Preparation,
): Promise<{ readonly regions: readonly object[] }> {
  const asked = new Map<string, number>();
  const service = await startService(({ url }) => {
    const name = url.slice(1);
    const count = asked.get(name) ?? 0;
    asked.set(name, count + 1);
    const { status, report = {} } = answers[name]![count % answers[name]!.length]!;
    return { status, body: JSON.stringify(report) };
  });
  afterwards(() => service.close());
  return { regions: Object.keys(answers).map((name) => ({ name, health: `${service.url}/${name}` })) };
}

const up = (activeWorkers: number, queueDepth: number): RegionHealth => ({
  status: 200,
  report: { activeWorkers, queueDepth },
});
const down: RegionHealth = { status: 503 };

/** Two regions with queues in a Redis. All tasks belong to the first. */
async function withQueues(preparation: Preparation): Promise<WorldParts> {
  const redis = await RedisServer.start({ durable: false });
  preparation.afterwards(() => redis.stop());
  const { regions } = await regionsThat({ 'us-east-1': [up(4, 0)], 'eu-west-1': [up(4, 0)] }, preparation);
  return {
    config: {
      regions: regions.map((region, index) => ({ ...region, queue: redis.url(index) })),
      routes: { default: 'us-east-1', countries: false },
      worker: { healthPort: 0 },
    },
  };
}

/** Queues the tasks of a batch, and ends it as soon as they wait. */
async function queueTasks({ home, env }: World): Promise<void> {
  const start = (line: string) => new CapturedProcess({ args: line.split(' '), cwd: home, env });
  const batch = start('batch tasks.csv --out sent.csv --via queues');
  const show = async (): Promise<string> => {
    const shown = start('queue show --json');
    await shown.exitCode;
    return shown.screen;
  };
  await expect.poll(show).toContain(`"waiting":${rows.length}`);
  batch.interrupt();
  await batch.exitCode;
}

async function inFolder(folder: string, work: () => Promise<void>): Promise<void> {
  const here = process.cwd();
  process.chdir(folder);
  try {
    await work();
  } finally {
    process.chdir(here);
  }
}

/** The worlds by the name that a marker gives them. */
const worlds: Readonly<Record<string, (preparation: Preparation) => Promise<WorldParts> | WorldParts>> = {
  account: () => ({ files: { 'policy.json': '{"policy":{"allow":["*.example.com"]}}' } }),

  /** No configuration, and no way to a service. */
  defaults: () => ({ config: null, env: { CAPTCHAAI_BASE_URL: undefined, https_proxy: 'http://127.0.0.1:9' } }),

  /** Files with two invalid rows, and with columns that are not sent. */
  batch: () => ({
    files: {
      'tasks.csv': `${tasks}t5,turnstile,0x4AAA,nowhere\nt6,turnstile,,https://example.com/\n`,
      'customers.csv': `method,Site Key,page_url,min_score,Kunde,Notizen\n${'turnstile,0x4AAA,https://example.com/login,0.7,Anna,\n'.repeat(2)}`,
    },
  }),

  doctor: async ({ home }) => {
    await writeFile(join(home, 'key'), `${key}\n`);
    await chmod(join(home, 'key'), 0o644);
    return { env: { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_API_KEY_FILE: join(home, 'key') } };
  },

  /** One of three regions answers HTTP 503. */
  regions: async (preparation) => ({
    config: {
      ...(await regionsThat(
        { 'us-east-1': [up(12, 40)], 'eu-west-1': [down], 'ap-southeast-1': [up(6, 3)] },
        preparation,
      )),
      routes: { default: 'us-east-1' },
    },
  }),

  /** A region fails while it is watched, and comes back. */
  outage: async (preparation) => ({
    config: {
      ...(await regionsThat(
        {
          'us-east-1': [up(6, 0)],
          'eu-west-1': [up(4, 0), down, down, down, up(4, 0)],
          'ap-southeast-1': [up(4, 0)],
        },
        preparation,
      )),
      health: { interval: '100ms', timeout: '60s' },
    },
  }),

  /** Nothing listens in one of three regions. */
  refused: async (preparation) => {
    const { regions } = await regionsThat({ 'eu-west-1': [up(4, 0)], 'ap-southeast-1': [up(2, 0)] }, preparation);
    const refused = { name: 'us-east-1', health: `http://127.0.0.1:${await unusedPort()}/health` };
    return { config: { regions: [refused, ...regions], routes: { default: 'us-east-1' } } };
  },

  /** The configuration that the page shows. */
  routing: () => ({
    config: {
      regions: [{ name: 'us-east-1' }, { name: 'my-dc', location: [50.11, 8.68], residency: 'eu' }],
      routes: {
        default: 'us-east-1',
        rules: [
          { match: '*.example.de', region: 'my-dc' },
          { match: 'shop.example.com/eu', region: 'my-dc', residency: 'strict' },
        ],
      },
    },
  }),

  queues: withQueues,

  /** Tasks wait in a queue. */
  waiting: async (preparation) => ({
    ...(await withQueues(preparation)),
    before: queueTasks,
  }),
};

/** A `curl` that reaches nothing. */
async function writePrograms(home: string): Promise<void> {
  await mkdir(join(home, '.programs'));
  const script = '#!/bin/sh\ncase "$*" in *//example.com/*.png*) cat image.png ;; *) echo sent ;; esac\n';
  await writeFile(join(home, '.programs/curl'), script, { mode: 0o755 });
}

/** The worlds that need `redis-server`. */
export const redisWorlds: readonly string[] = ['queues', 'waiting'];

/** Opens a world. Throws if there is none of that name. */
export async function openWorld(name: string): Promise<World> {
  const prepare = worlds[name];
  if (prepare === undefined) throw new Error(`there is no world "${name}": see test/docs/support/worlds.ts`);
  const home = await realpath(await mkdtemp(join(tmpdir(), 'captcha-docs-')));
  const closers: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const each of closers.toReversed()) await each();
  };
  try {
    const sandbox = await startSandbox({ latencyMs: [5, 20], quirks: ['numeric-ids'] });
    closers.push(() => sandbox.close());
    const preparation = { home, url: sandbox.url, afterwards: (end: () => Promise<unknown>) => closers.push(end) };
    const { config = {}, env = {}, files = {}, before } = await prepare(preparation);
    const content = { 'tasks.csv': tasks, 'urls.txt': pages.map((page) => `https://${page}\n`).join(''), ...files };
    const own = join(home, '.config/captcha');
    await mkdir(own, { recursive: true });
    if (config !== null) await writeFile(join(own, 'config.json'), JSON.stringify({ ...quick, ...config }));
    await writeFile(join(home, 'image.png'), anImage());
    for (const [path, text] of Object.entries(content)) await writeFile(join(home, path), text);
    const account = { CAPTCHAAI_API_KEY: key, CAPTCHAAI_BASE_URL: sandbox.url };
    await writePrograms(home);
    const PATH = `${join(home, '.programs')}:${process.env['PATH'] ?? ''}`;
    const world = { home, env: { PATH, HOME: home, TMPDIR: home, ...account, ...env }, close };
    if (before !== undefined) await inFolder(home, () => before(world));
    return world;
  } catch (error) {
    await close();
    throw error;
  }
}
