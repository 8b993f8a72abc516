import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../config/folder.ts';
import { loadIn } from '../config/load-in.ts';
import { textOf } from './support/places.ts';
import { runProbe } from './support/probe.ts';
import { Terraform, whyNot } from './support/terraform.ts';
import { complaintAbout } from './support/understood.ts';
import { isExhaustive } from '../support/exhaustive.ts';

if (whyNot !== null) console.warn(`skipped: terraform validate and terraform test, since ${whyNot}`);

interface Container {
  readonly name: string;
  readonly entryPoint?: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly healthCheck?: { readonly command: readonly string[] };
  readonly stopTimeout?: number;
}

/** Runs the tests of a folder; returns the failed ones, and the value of an expression after the others. */
async function tested(folder: string, testFile: string, expression: string) {
  const terraform = await Terraform.open(folder);
  expect(await terraform.run('validate')).toMatchObject({ exitCode: 0 });
  await terraform.show(testFile, textOf(`deploy/terraform/${folder}${testFile}`), expression);
  const runs = await terraform.test();
  const [shown] = runs.filter(({ name }) => name === 'shown').flatMap(({ complaints }) => complaints);
  const others = runs.filter(({ name }) => name !== 'shown');
  return { passed: others.filter(({ status }) => status === 'pass'), others, shown: shown ?? '' };
}

describe.skipIf(whyNot !== null)('terraform', () => {
  it('has formatted files only', async () => {
    const terraform = await Terraform.open('');
    expect(await terraform.run('fmt', '-check', '-recursive')).toEqual({ exitCode: 0, stdout: '' });
  });

  it.runIf(isExhaustive)('passes the tests of the fleet, whose configuration the program accepts', async () => {
    const { passed, others, shown } = await tested('', 'tests/fleet.tftest.hcl', 'output.config');
    expect(others).toHaveLength(7);
    expect(passed).toEqual(others);
    const folder = await folderWith({ 'worker.json': shown });
    const { config, warnings } = await loadIn(folder, { file: 'worker.json' });
    expect(warnings).toEqual([]);
    expect(config.regions.map(({ name, queue }) => [name, queue])).toEqual(
      ['us-east-1', 'eu-west-1', 'ap-southeast-1'].map((name) => [name, `sqs://captcha-tasks-${name}?region=${name}`]),
    );
    expect(config.worker).toMatchObject({ healthHost: '0.0.0.0', drainTimeoutMs: 100_000 });
  });

  it.runIf(isExhaustive)('passes the tests of a region, whose containers have the right commands', async () => {
    const file = 'tests/region.tftest.hcl';
    const definition = 'aws_ecs_task_definition.worker.container_definitions';
    const { passed, others, shown } = await tested('modules/region/', file, definition);
    expect(others).toHaveLength(4);
    expect(passed).toEqual(others);
    const containers = JSON.parse(shown) as readonly Container[];
    const [first, worker] = containers;
    expect(await complaintAbout(worker!.command)).toBe('');
    expect(worker!.environment).toContainEqual({ name: 'WORKER_REGION', value: 'eu-west-1' });
    expect(worker!.stopTimeout).toBe(120);
    expect(await runProbe(worker!.healthCheck?.command ?? [], '/livez', 200)).toBe(0);
    expect(await runProbe(worker!.healthCheck?.command ?? [], '/livez', 500)).toBe(1);

    const folder = await folderWith({});
    const [command = '', ...args] = first!.entryPoint ?? [];
    const env = {
      ...process.env,
      CAPTCHA_CONFIG: textOf('deploy/captcha.config.json'),
      CONFIG_FILE: `${folder}/captcha.config.json`,
      FLEET_STATE: 'rediss://:secret@state.example.com:6379/0',
    };
    await promisify(execFile)(command, args, { env });
    const { config } = await loadIn(folder, { file: 'captcha.config.json' });
    expect(config.fleet.state).toBe('rediss://:secret@state.example.com:6379/0');
    expect(config.budget.scope).toBe(config.fleet.state);
    expect(config.regions).toHaveLength(3);
  });
});
