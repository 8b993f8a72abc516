import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/domain/duration.ts';
import { loadIn } from '../config/load-in.ts';
import { captchas, compose, workers } from './support/compose-file.ts';
import { root, textOf } from './support/places.ts';
import { runProbe } from './support/probe.ts';
import { complaintAbout } from './support/understood.ts';

const { config, warnings } = await loadIn(root, { file: 'deploy/captcha.config.json' });
const services = Object.entries(compose.services);
const queueOf = (name: string | undefined) => config.regions.find((region) => region.name === name)?.queue;

describe('the configuration of compose', () => {
  it('is valid and causes no warning', () => {
    expect(warnings).toEqual([]);
  });

  it('names only hosts that compose starts', () => {
    const urls = [
      config.results,
      config.fleet.state,
      config.budget.scope,
      ...config.regions.flatMap(({ queue, health }) => [queue, health]),
    ];
    const hosts = urls.map((url) => new URL(url ?? 'missing:').hostname);
    expect(hosts.filter((host) => !(host in compose.services))).toEqual([]);
  });

  it("checks every region's health at its own worker", () => {
    const asked = config.regions.map(({ health }) => new URL(health ?? 'missing:'));
    expect(asked.map(({ hostname }) => compose.services[hostname]?.environment?.['WORKER_REGION'])).toEqual(
      config.regions.map(({ name }) => name),
    );
    expect(new Set(asked.map(({ port }) => port))).toEqual(new Set([String(config.worker.healthPort)]));
    expect(config.worker.healthHost).toBe('0.0.0.0');
  });

  it('has a separate queue per region, apart from results, shared state and budget', () => {
    const shared = [config.results, config.fleet.state, config.budget.scope];
    expect(new Set([...shared, ...config.regions.map(({ queue }) => queue)]).size).toBe(6);
  });
});

describe('a service that runs captcha', () => {
  it.each(captchas)('%s has a valid command', async (_name, { command }) => {
    expect(await complaintAbout(command)).toBe('');
  });

  it('would be rejected with an unknown flag', async () => {
    expect(await complaintAbout([...workers[0]![1].command, '--regions', 'x'])).toContain('--regions');
    expect(await complaintAbout(['--log-fromat', 'json', 'worker'])).toContain('--log-fromat');
    expect(await complaintAbout(['wroker'])).toContain('wroker');
  });

  it.each(captchas)('%s gets its key only from a file', (_name, { environment = {}, secrets = [] }) => {
    const [, , , name = ''] = environment['CAPTCHAAI_API_KEY_FILE']!.split('/');
    expect(environment['CAPTCHAAI_API_KEY_FILE']).toBe(`/run/secrets/${name}`);
    expect(secrets).toContain(name);
    expect(compose.secrets[name]).toEqual({ file: `./secrets/${name}` });
    expect(environment).not.toHaveProperty('CAPTCHAAI_API_KEY');
    expect(textOf('deploy/.gitignore').split('\n')).toContain('/secrets/');
  });

  it.each(captchas)('%s reads the mounted configuration', (_name, { command, configs = [] }) => {
    const [mounted] = configs;
    expect(command.slice(0, 2)).toEqual(['--config', mounted?.target]);
    expect(existsSync(`${root}deploy/${compose.configs[mounted!.source]!.file}`)).toBe(true);
  });

  it.each(captchas)('%s keeps its state in a shared volume', (_name, { environment, volumes = [] }) => {
    expect(volumes).toContain(`state:${environment!['CAPTCHA_STATE_DIR']!}`);
    expect(compose.volumes).toHaveProperty('state');
  });

  it.each(services)('%s cannot write to its image, gain rights, or be reached from outside', (_name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect((service.ports ?? []).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });
});

describe('what operations.md says of compose', () => {
  const guide = ['docs/operations.md', 'deploy/README.md'].map(textOf).join('\n');
  const lines = [...guide.matchAll(/docker compose ((?:[^`;\n]|\n +)+)/g)].map(([, line]) =>
    line!.replace(/\s+/g, ' '),
  );

  it('is true of the addresses of this machine', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => port.split(':')[1]!));
    const named = [...guide.matchAll(/http:\/\/127\.0\.0\.1:(\d+)((?:, \d+)*(?: and \d+)?)/g)];
    const ports = named.flatMap(([, first, others]) => [first!, ...(others!.match(/\d+/g) ?? [])]);
    expect(new Set(ports)).toEqual(new Set(published));
    expect(new Set(published).size).toBe(published.length);
  });

  it('is true of the ports of the workers', () => {
    const ports = workers.map(([, each]) => each.ports!.map((port) => port.split(':')[2]));
    expect(ports).toEqual(workers.map(() => [String(config.worker.healthPort)]));
  });

  it('names only services and profiles that exist', () => {
    const profiles = new Set(services.flatMap(([, { profiles: some = [] }]) => some));
    const named = lines.flatMap((line) => [...line.matchAll(/--profile (\S+)/g)].map(([, profile]) => profile!));
    expect(named.filter((profile) => !profiles.has(profile))).toEqual([]);
    const words = lines.flatMap((line) => /\b(?:stop|restart|run --rm|ps|--no-deps) ([a-z].*)$/.exec(line)?.[1] ?? []);
    const asked = words.flatMap((text) => text.split(' --')[0]!.split(' ')).filter((word) => /^[a-z]/.test(word));
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((name) => !(name in compose.services))).toEqual([]);
  });
});

describe('the workers', () => {
  it('serve every region of the configuration, one each', () => {
    expect(workers.map(([, { environment }]) => environment!['WORKER_REGION'])).toEqual(
      config.regions.map(({ name }) => name),
    );
  });

  it.each(workers)(
    '%s has everything that the command needs: region, queue, results',
    (_name, { environment = {} }) => {
      expect(environment['TASK_QUEUE'] ?? queueOf(environment['WORKER_REGION'])).toMatch(/^redis:/);
      expect(environment['RESULT_QUEUE_URL'] ?? config.results).toMatch(/^redis:/);
    },
  );

  it.each(workers)('%s has more time to stop than its drain timeout', (_name, { stop_grace_period: grace }) => {
    expect(parseDuration(grace)).toBeGreaterThanOrEqual(config.worker.drainTimeoutMs + 10_000);
  });

  it.each(workers)('%s is restarted after any end', (_name, { restart }) => {
    expect(restart).toBe('unless-stopped');
  });

  it.each([
    [200, 0],
    [503, 1],
    [404, 1],
  ])('are healthy according to /readyz: %i', async (status, exitCode) => {
    for (const [, { healthcheck }] of workers) {
      expect(await runProbe(healthcheck.test ?? [], '/readyz', status)).toBe(exitCode);
    }
  });
});

describe('the dispatcher', () => {
  const dispatch = compose.services['dispatch']!;

  it('runs once, on request', () => {
    expect(dispatch).toMatchObject({ profiles: ['dispatch'], restart: 'no', healthcheck: { disable: true } });
  });

  it('sends its tasks to the queues, and reads and writes in a folder of the host', () => {
    expect(dispatch.command.slice(-2)).toEqual(['--via', 'queues']);
    expect(dispatch.volumes).toContain('./data:/data');
    expect(dispatch.command.filter((word) => word.startsWith('/data/'))).toHaveLength(3);
  });
});

describe('redis', () => {
  const redis = compose.services['redis']!;

  it.each([
    ['--appendonly', 'yes'],
    ['--appendfsync', 'always'],
    ['--maxmemory-policy', 'noeviction'],
  ])('loses no task: %s %s', (flag, value) => {
    expect(redis.command[redis.command.indexOf(flag) + 1]).toBe(value);
  });

  it('keeps its data in a volume', () => {
    expect(redis.volumes).toEqual(['redis:/data']);
  });

  it('has no password, and is reachable only by services that need it', () => {
    expect(redis.networks).toEqual(['queue']);
    expect(compose.networks['queue']).toEqual({ internal: true });
  });
});
