import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { startService } from '../../acceptance/support/service.ts';
import { RedisServer } from '../../contract/support/redis-server.ts';
import { anImage } from '../../support/an-image.ts';

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
  readonly config?: object;
  readonly env?: NodeJS.ProcessEnv;
  readonly files?: Readonly<Record<string, string>>;
}

/** 32 characters, as the keys of CaptchaAI have. */
export const key = '0123456789abcdef0123456789abcdef';

/** A service that answers soon is polled soon. */
const quick = { polling: { firstWait: '0ms', interval: '20ms' }, retry: { baseDelay: '10ms', maxDelay: '50ms' } };

const pages = ['example.com/login', 'shop.example.de/login', 'example.co.jp/', 'example.com/checkout'];
const rows = pages.map((page, index) => `t${index + 1},turnstile,0x4AAA,https://${page}\n`);
const tasks = `task_id,method,sitekey,pageurl\n${rows.join('')}`;

type RegionHealth = { readonly status: number; readonly report?: object };

/** The health endpoints of three regions, of which each answers with the next of its answers, and at the end with the last. */
async function regionsThat(
  answers: Readonly<Record<string, readonly RegionHealth[]>>,
  { afterwards }: Preparation,
): Promise<{ readonly regions: readonly object[] }> {
  const asked = new Map<string, number>();
  const service = await startService(({ url }) => {
    const name = url.slice(1);
    const count = asked.get(name) ?? 0;
    asked.set(name, count + 1);
    const { status, report = {} } = answers[name]!.at(Math.min(count, answers[name]!.length - 1))!;
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
const names = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];

/** The worlds by the name that a marker gives them. */
const worlds: Readonly<Record<string, (preparation: Preparation) => Promise<WorldParts> | WorldParts>> = {
  account: () => ({}),

  /** A batch with an invalid row and columns that are copied. */
  batch: () => ({
    files: {
      'tasks.csv': `${tasks
        .replace(/,sitekey/, ',Site Key')
        .replace(/(.)$/gm, '$1,0.7,anna')
        .replace('0.7,anna', 'min_score,Customer')}t5,turnstile,0x4AAA,nowhere,,\n`,
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
      health: { interval: '100ms' },
    },
  }),

  /** Regions with queues in a Redis. */
  queues: async (preparation) => {
    const redis = await RedisServer.start({ durable: false });
    preparation.afterwards(() => redis.stop());
    const { regions } = await regionsThat({ [names[0]!]: [up(4, 0)], [names[1]!]: [up(4, 0)] }, preparation);
    return {
      config: {
        regions: regions.map((region, index) => ({ ...region, queue: redis.url(index) })),
        routes: { default: names[0] },
        worker: { healthPort: 0 },
      },
    };
  },
};

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
    const { config = {}, env = {}, files = {} } = await prepare(preparation);
    const content = { 'tasks.csv': tasks, 'urls.txt': pages.map((page) => `https://${page}\n`).join(''), ...files };
    await writeFile(join(home, 'captcha.config.json'), JSON.stringify({ ...quick, ...config }));
    await writeFile(join(home, 'image.png'), anImage());
    for (const [path, text] of Object.entries(content)) await writeFile(join(home, path), text);
    const account = { CAPTCHAAI_API_KEY: key, CAPTCHAAI_BASE_URL: sandbox.url };
    return { home, env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home, ...account, ...env }, close };
  } catch (error) {
    await close();
    throw error;
  }
}
