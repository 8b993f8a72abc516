import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DockerfileParser } from 'dockerfile-ast';
import { describe, expect } from 'vitest';
import { openLedger, rowsOf, sitekeyOf, until } from '../acceptance/support/batch.ts';
import { type Bench, it } from '../acceptance/support/bench.ts';
import type { Running } from '../acceptance/support/running.ts';
import { key } from '../acceptance/support/secrets.ts';
import { unusedPort } from '../acceptance/support/service.ts';
import { hasRedis, RedisServer } from '../contract/support/redis-server.ts';
import { compose, type Service } from './support/compose-file.ts';
import { root, textOf } from './support/places.ts';
import { exitCodeOf } from './support/probe.ts';

const entrypoint = JSON.parse(
  DockerfileParser.parse(textOf('deploy/Dockerfile')).getENTRYPOINTs()[0]!.getRawArgumentsContent()!,
) as readonly string[];
/** The command that the init starts. */
const program = entrypoint.slice(entrypoint.indexOf('--') + 1);

/** The container's paths on this machine. */
interface Machine {
  readonly bench: Bench;
  readonly at: { readonly url: string };
  readonly config: string;
  readonly healthPort: number;
}

/** The words of a container, with its paths on this machine. */
function here(words: readonly string[], { bench, config, healthPort }: Machine): readonly string[] {
  return words.map((word) =>
    word
      .replace('/app/', root)
      .replace('/etc/captcha/captcha.config.json', config)
      .replace('/data/', `${bench.home}/data/`)
      .replace('/run/secrets/captchaai_api_key', join(bench.home, 'key'))
      .replace('/var/lib/captcha', join(bench.home, 'state'))
      .replace('127.0.0.1:8080', `127.0.0.1:${healthPort}`),
  );
}

/** The configuration of compose, with its hosts on this machine and short waits. */
function configHere(redisPort: number, healthPort: number): string {
  const text = textOf('deploy/captcha.config.json')
    .replaceAll('//redis:6379', `//127.0.0.1:${redisPort}`)
    .replace('//worker-us-east-1:8080', `//127.0.0.1:${healthPort}`)
    .replace('"healthPort": 8080', `"healthPort": ${healthPort}`);
  return JSON.stringify({ ...(JSON.parse(text) as object), polling: { firstWait: '0ms', interval: '50ms' } });
}

/** Starts what compose starts: the image's entry point with the command and the environment of the service. */
function start({ command, environment = {} }: Service, machine: Machine): Running {
  const [node = '', ...args] = here([...program, ...command], machine);
  const names = Object.keys(environment);
  const values = here(Object.values(environment), machine);
  const env = Object.fromEntries(names.map((name, index) => [name, values[index]]));
  const { bench, at } = machine;
  return bench.startOther(node, args, { at, env: { ...env, CAPTCHAAI_API_KEY: undefined } });
}

async function openMachine(bench: Bench) {
  const redis = await RedisServer.start();
  bench.afterwards(() => redis.stop());
  const ledger = await openLedger(bench, { latencyMs: [1_000, 1_000] });
  const healthPort = await unusedPort();
  const config = await bench.write('captcha.config.json', configHere(redis.port, healthPort));
  await bench.write('key', `${key}\n`);
  const rows = [1, 2, 3].map((row) => `t${row},turnstile,${sitekeyOf(row)},https://example.com/${row}`);
  await bench.write('data/tasks.csv', `task_id,method,sitekey,pageurl\n${rows.join('\n')}\n`);
  return { machine: { bench, at: ledger, config, healthPort }, ledger };
}

describe.skipIf(!hasRedis)('the service started by compose', () => {
  const worker = compose.services['worker-us-east-1']!;
  const dispatch = compose.services['dispatch']!;

  it('becomes ready, solves dispatched tasks, and drains when it is stopped', async ({ bench }) => {
    const { machine, ledger } = await openMachine(bench);
    const running = start(worker, machine);
    const [, probe = '', ...args] = here(worker.healthcheck.test ?? [], machine);
    const isHealthy = async (): Promise<boolean> => (await exitCodeOf(probe, args)) === 0;
    while (!(await isHealthy())) expect(running.child.exitCode).toBeNull();

    const dispatching = start(dispatch, machine);
    await until(() => ledger.accepted.size === 3);
    running.signal('SIGTERM');
    await running.said(/draining/);
    expect(await isHealthy()).toBe(false);
    expect(await dispatching.ended, dispatching.stderr).toMatchObject({ code: 0 });
    expect(await running.ended, running.stderr).toMatchObject({ code: 0, signal: null });

    const rows = rowsOf(await readFile(join(bench.home, 'data/solved.csv'), 'utf8'));
    expect(rows.map(({ task_id: task, status }) => `${task!} ${status!}`).toSorted()).toEqual([
      ...['t1 solved', 't2 solved', 't3 solved'],
    ]);
    expect(ledger.sandbox.stats().accepted).toBe(3);
    const lines = running.stderr.trim().split('\n');
    expect(lines.map((line) => typeof JSON.parse(line))).toEqual(lines.map(() => 'object'));
  });
});
