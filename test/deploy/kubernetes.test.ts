import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { BullTaskQueue } from '../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { systemClock as clock } from '../../src/adapters/system/system-clock.ts';
import { readRedisUrl } from '../../src/domain/redis-url.ts';
import { loadIn } from '../config/load-in.ts';
import { hasRedis, RedisServer } from '../contract/support/redis-server.ts';
import { aQueuedTask } from '../support/queued.ts';
import { compose } from './support/compose-file.ts';
import { builtManifests, type Manifest, schemaProblems, whyNoKubectl } from './support/kubernetes.ts';
import { root, textOf } from './support/places.ts';
import { complaintAbout } from './support/understood.ts';

if (whyNoKubectl !== null) console.warn(`skipped: Kubernetes manifests, since ${whyNoKubectl}`);

interface Container {
  readonly image: string;
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
  readonly containers: readonly [Container];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
  }[];
}

interface Workload {
  readonly selector: { readonly matchLabels: object };
  readonly template: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec };
}

interface Scaling {
  readonly scaleTargetRef: { readonly name: string };
  readonly triggers: readonly { readonly type: string; readonly metadata: Readonly<Record<string, string>> }[];
}

const { config } = await loadIn(root, { file: 'deploy/captcha.config.json' });
const names = config.regions.map(({ name }) => name);
const manifests = whyNoKubectl === null ? builtManifests() : [];

function the(kind: string, name: string): Manifest {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  return found ?? expect.fail(`there is no ${kind} ${name}`);
}

const podOf = (region: string) => (the('Deployment', `worker-${region}`).spec as Workload).template.spec;
const triggersOf = (region: string) => (the('ScaledObject', `worker-${region}`).spec as Scaling).triggers;
const queueOf = (name: string) => {
  const read = readRedisUrl(config.regions.find((region) => region.name === name)!.queue!);
  return 'value' in read ? read.value : expect.fail(read.error);
};

describe.skipIf(whyNoKubectl !== null)('the manifests', () => {
  it('follow the schemas of Kubernetes and KEDA, which reject wrong types and unknown keys', () => {
    expect(manifests.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Deployment', 'ScaledObject']));
    const wrong = [
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { ports: [{ port: '80' }] } },
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'b' }, spec: { gracePeriod: 1 } },
      { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'c' }, spec: { triggers: [] } },
    ];
    const problems = schemaProblems([...manifests, ...wrong]);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['Service a', 'Deployment b', 'ScaledObject c']);
  });

  it('have the configuration of compose, whose hosts they name', () => {
    const { data } = manifests.find(({ kind }) => kind === 'ConfigMap')!;
    expect(data?.['captcha.config.json']).toBe(textOf('deploy/captcha.config.json'));
    const hosts = config.regions.map(({ health }) => new URL(health ?? 'missing:').hostname);
    expect(hosts).toEqual(names.map((name) => the('Service', `worker-${name}`).metadata.name));
  });

  it('are for the version of this package', () => {
    const { version } = JSON.parse(textOf('package.json')) as { readonly version: string };
    expect(podOf(names[0]!).containers[0].image).toBe(`captcha:${version}`);
  });
});

describe.skipIf(whyNoKubectl !== null).each(names)('the workers of %s', (region) => {
  it('run a valid command in their region, as the image knows it', async () => {
    const { args = [], env } = podOf(region).containers[0];
    expect(args).toEqual(compose.services['worker-us-east-1']!.command);
    expect(await complaintAbout(args)).toBe('');
    expect(env).toContainEqual({ name: 'WORKER_REGION', value: region });
  });

  it('get configuration and key from volumes', () => {
    const { containers, volumes } = podOf(region);
    const [{ args = [], env, volumeMounts }] = containers;
    const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
    const key = env.find(({ name }) => name === 'CAPTCHAAI_API_KEY_FILE')!.value;
    const volumeAt = (path: string) => {
      const mounted = volumeMounts.find(({ mountPath }) => mountPath === folderOf(path));
      return volumes.find(({ name }) => name === mounted?.name);
    };
    expect(volumeAt(key)?.secret?.secretName).toBe('captcha');
    expect(volumeAt(args[1]!)?.configMap?.name).toMatch(/^captcha-/);
    expect(textOf('deploy/README.md')).toContain(`--from-file=${key.slice(key.lastIndexOf('/') + 1)}=`);
  });

  it('are restarted by /livez only, and take no tasks before /readyz allows it', () => {
    const [{ ports, livenessProbe, readinessProbe }] = podOf(region).containers;
    expect(ports).toMatchObject([{ name: 'health', containerPort: config.worker.healthPort }]);
    expect(livenessProbe.httpGet).toEqual({ path: '/livez', port: 'health' });
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'health' });
    expect((the('Service', `worker-${region}`).spec as { ports: object[] }).ports).toMatchObject([
      { port: config.worker.healthPort, targetPort: 'health' },
    ]);
  });

  it('have time to drain before they are killed', () => {
    const graceMs = podOf(region).terminationGracePeriodSeconds * 1_000;
    expect(graceMs).toBeGreaterThanOrEqual(config.worker.drainTimeoutMs + 15_000);
  });

  it('are not root and cannot change their image', () => {
    const { securityContext, containers } = podOf(region);
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('are selected only by what belongs to their region', () => {
    const { selector, template } = the('Deployment', `worker-${region}`).spec as Workload;
    expect(selector.matchLabels).toMatchObject({ 'captcha/region': region });
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect((the('Service', `worker-${region}`).spec as { selector: object }).selector).toEqual(selector.matchLabels);
    expect((the('PodDisruptionBudget', `worker-${region}`).spec as Workload).selector).toEqual(selector);
  });

  it('follow the lists of their own queue', () => {
    expect((the('ScaledObject', `worker-${region}`).spec as Scaling).scaleTargetRef.name).toBe(`worker-${region}`);
    const { host, port, db } = queueOf(region);
    for (const { type, metadata } of triggersOf(region)) {
      expect(type).toBe('redis');
      expect(metadata).toMatchObject({ address: `${host}.captcha.svc:${port}`, databaseIndex: String(db) });
    }
  });

  it.skipIf(!hasRedis)('are counted as the queue counts tasks', async () => {
    const server = await RedisServer.start();
    const url = server.url(queueOf(region).db);
    const timing = { leaseMs: 5_000, stalledMs: 1_000, maxHoldMs: 3_600_000 };
    const queue = new BullTaskQueue({ url, region, timing }, { clock, state: null });
    await queue.send([1, 2, 3].map((task) => aQueuedTask(task)));
    await queue.receive(1, 3_000, new AbortController().signal);
    const redis = new Redis(url);
    const lengths = triggersOf(region).map(({ metadata }) => redis.llen(metadata['listName']!));
    expect(await Promise.all(lengths)).toEqual([2, 1]);
    redis.disconnect();
    await queue.close();
    await server.stop();
  });
});
