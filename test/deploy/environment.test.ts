import { readdirSync } from 'node:fs';
import { DockerfileParser } from 'dockerfile-ast';
import { describe, expect, it } from 'vitest';
import { loadIn } from '../config/load-in.ts';
import { captchas, compose } from './support/compose-file.ts';
import { root, textOf } from './support/places.ts';

const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => textOf(`src/${name}`))
  .join('\n');
const service = textOf('deploy/terraform/modules/region/service.tf');
const dockerfile = DockerfileParser.parse(textOf('deploy/Dockerfile'));

const ofCompose = captchas.flatMap(([, { environment = {} }]) => Object.keys(environment));
const ofImage = dockerfile.getENVs().flatMap((env) => env.getProperties().map((property) => property.getName()));
const ofTerraform = [...service.matchAll(/\{ name = "([A-Z_]+)"/g)].map(([, name]) => name!);
/** The variables of the container that writes a worker's configuration. */
const ofWriter = /const \{ ([A-Z_, ]+) \} = process\.env/.exec(service)?.[1]?.split(', ') ?? [];

describe('the environment of a container', () => {
  const names = [...new Set([...ofCompose, ...ofImage, ...ofTerraform])];

  it('only has variables that are set somewhere', () => {
    expect(names).toEqual(expect.arrayContaining(['WORKER_REGION', 'CAPTCHA_STATE_DIR', 'CAPTCHAAI_API_KEY']));
    expect(ofWriter).toHaveLength(3);
  });

  // NODE_ENV is for the libraries.
  it.each(names.filter((name) => name !== 'NODE_ENV'))('has %s, which is used', (name) => {
    expect(ofWriter.includes(name) || sources.includes(`'${name}'`)).toBe(true);
  });
});

describe('the port of the health endpoints', async () => {
  const { config } = await loadIn(root, { file: 'deploy/captcha.config.json' });
  const port = String(config.worker.healthPort);
  const portsIn = (text: string) => [...text.matchAll(/127\.0\.0\.1:([^/]+)\//g)].map(([, found]) => found);

  it('is the same for the worker, the image and compose', () => {
    const exposed = dockerfile.getInstructions().filter((each) => each.getKeyword() === 'EXPOSE');
    expect(exposed.map((each) => each.getRawArgumentsContent())).toEqual([port]);
    expect(portsIn(textOf('deploy/Dockerfile'))).toEqual([port]);
    const workers = Object.values(compose.services).filter(({ environment }) => environment?.['WORKER_REGION']);
    expect(workers).toHaveLength(3);
    for (const { expose, healthcheck } of workers) {
      expect(expose).toEqual([port]);
      expect(portsIn(healthcheck.test?.join(' ') ?? '')).toEqual([port]);
    }
  });

  it('is the same in the configuration and in Terraform', () => {
    expect(portsIn(service)).toEqual(['${var.fleet.health_port}']);
    expect(textOf('deploy/terraform/fleet.tf')).toMatch(/health_port += local\.config\.worker\.healthPort\n/);
  });
});

describe('the permissions for a queue', () => {
  const commands = [...textOf('src/adapters/queues/sqs/sqs-queue.ts').matchAll(/^ {2}(\w+?)(?:Batch)?Command,$/gm)];
  /** Policy names of the program's calls; a policy has no batch actions. */
  const needed = [...new Set(commands.map(([, name]) => `sqs:${name!}`))].toSorted();
  const allowed = (file: string): readonly string[][] =>
    [...textOf(file).matchAll(/Action\s*= \[([^\]]*sqs:[^\]]*)\]/g)].map(([, list = '']) =>
      [...list.matchAll(/"(sqs:\w+)"/g)].map(([, action]) => action!).toSorted(),
    );

  it('cover all actions of the program, for dispatchers, and for workers with the tasks of their region', () => {
    expect(needed).toHaveLength(6);
    expect(allowed('deploy/terraform/dispatcher.tf')).toEqual([needed]);
    expect(allowed('deploy/terraform/modules/region/roles.tf')[0]).toEqual(needed);
  });

  it('let workers send results and dead letters', () => {
    const [, elsewhere] = allowed('deploy/terraform/modules/region/roles.tf');
    expect(elsewhere).toEqual(['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:SendMessage']);
  });
});
