import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseHcl, referencesIn, terraformFolder, type TerraformFolder } from './support/hcl.ts';
import { root as repository, textOf } from './support/places.ts';

const root = await terraformFolder('deploy/terraform');
const region = await terraformFolder('deploy/terraform/modules/region');
const modules = Object.entries(root.module ?? {}).map(([name, [block]]) => ({ name, block: block! }));
const providers = root.provider?.['aws'] ?? [];

const namesOf = (blocks: object | undefined): readonly string[] => Object.keys(blocks ?? {});
const typed = (blocks: TerraformFolder['resource']): readonly string[] =>
  Object.entries(blocks ?? {}).flatMap(([type, named]) => namesOf(named).map((name) => `${type}.${name}`));

/** All declarations of a folder, in the form of references. */
function declaredIn({ variable, locals, resource, data, module: called }: TerraformFolder): ReadonlySet<string> {
  const declared = [
    ...namesOf(variable).map((name) => `var.${name}`),
    ...(locals ?? []).flatMap(namesOf).map((name) => `local.${name}`),
    ...typed(resource),
    ...typed(data).map((name) => `data.${name}`),
    ...namesOf(called).map((name) => `module.${name}`),
    ...providers.map(({ alias }) => `aws.${String(alias)}`),
  ];
  return new Set([...declared, 'path.module']);
}

/** The part of a reference that a declaration would have. */
function subjectOf(reference: string): string {
  const words = reference.split('.');
  return words.slice(0, words[0] === 'data' ? 3 : 2).join('.');
}

/** Names that a block gives to its own content, such as an iterator, and a resource's own name. */
const isBound = (reference: string): boolean =>
  /^(each|self|metrics|metric_query|replica|network|arn|region|container|policy)\b(?!\.tf)/.test(reference);

async function undeclaredIn(folder: TerraformFolder): Promise<readonly string[]> {
  const declared = declaredIn(folder);
  const references = [...(await referencesIn(folder))].filter((reference) => reference.includes('.'));
  return references.filter((reference) => !isBound(reference) && !declared.has(subjectOf(reference)));
}

describe('the Terraform files', () => {
  it.each([
    ['deploy/terraform', root],
    ['deploy/terraform/modules/region', region],
  ])('of %s refer only to declared names', async (_folder, folder) => {
    expect((await referencesIn(folder)).size).toBeGreaterThan(20);
    expect(await undeclaredIn(folder)).toEqual([]);
  });

  it('would be rejected with an undeclared reference', async () => {
    const broken = { ...root, locals: [{ a: '${var.workers_per_region}', b: '${aws_sqs_queue.tasks.arn}' }] };
    expect(await undeclaredIn(broken)).toEqual(
      expect.arrayContaining(['var.workers_per_region', 'aws_sqs_queue.tasks.arn']),
    );
  });

  it.each([
    ['deploy/terraform', root],
    ['deploy/terraform/modules/region', region],
  ])('of %s use all their variables', async (_folder, folder) => {
    const used = new Set([...(await referencesIn(folder))].map(subjectOf));
    expect(namesOf(folder.variable).filter((name) => !used.has(`var.${name}`))).toEqual([]);
  });

  it('describe every variable and every output', () => {
    const blocks = [root, region].flatMap(({ variable, output }) => Object.entries({ ...variable, ...output }));
    expect(blocks.length).toBeGreaterThan(20);
    expect(blocks.filter(([, [block]]) => typeof block?.['description'] !== 'string').map(([name]) => name)).toEqual(
      [],
    );
  });
});

describe('the example of a backend', () => {
  it('is valid, and keeps the state encrypted and locked', async () => {
    const { terraform } = await parseHcl('deploy/terraform/backend.tf.example');
    expect(terraform).toMatchObject([{ backend: { s3: [{ encrypt: true, use_lockfile: true }] } }]);
    expect(textOf('deploy/.gitignore')).not.toContain('backend.tf');
  });
});

describe('every region', () => {
  const regionsFile = textOf('deploy/terraform/regions.tf');
  const otherFiles = readdirSync(`${repository}deploy/terraform`).filter((name) => name.endsWith('.tf'));
  const aliased = providers.filter(({ alias }) => alias !== undefined);

  it('is a separate provider', () => {
    expect(new Set(aliased.map(({ region: name }) => name)).size).toBe(3);
  });

  it.each(modules)('of module $name uses the provider of that region', ({ block }) => {
    const [, alias] = /^\$\{aws\.(\w+)\}$/.exec(String((block['providers'] as { aws?: unknown }).aws)) ?? [];
    const provider = aliased.find((each) => each['alias'] === alias);
    expect(provider?.['region']).toBe(block['region']);
    expect(block['network']).toBe(`\${var.networks["${String(block['region'])}"]}`);
  });

  it.each(modules)('of module $name is described in one file', ({ name, block }) => {
    expect(regionsFile).toContain(`"${String(block['region'])}"`);
    const named = new RegExp(`\\b${name}\\b|alias *= "${name}"`);
    expect(otherFiles.filter((file) => named.test(textOf(`deploy/terraform/${file}`)))).toEqual(['regions.tf']);
  });

  it('is in both lists', () => {
    const [{ regions, all }] = root.locals!.filter((each) => 'all' in each) as [{ regions: string[]; all: object }];
    expect(Object.keys(all).toSorted()).toEqual(regions.toSorted());
    expect(regions.toSorted()).toEqual(modules.map(({ block }) => block['region']).toSorted());
  });

  it('has exactly one module', () => {
    expect(modules.map(({ block }) => block['region']).toSorted()).toEqual(
      aliased.map(({ region: name }) => name).toSorted(),
    );
  });

  it.each(modules)('of module $name gets every variable of the module, and no other', ({ block }) => {
    const given = namesOf(block).filter((name) => !['source', 'providers'].includes(name));
    expect(given.toSorted()).toEqual(namesOf(region.variable).toSorted());
  });
});

describe('the queues', () => {
  const queues = region.resource?.['aws_sqs_queue'] ?? {};

  it('have dead letters, long polls and encryption', () => {
    const [tasks] = queues['tasks'] ?? [];
    expect(tasks?.['redrive_policy']).toContain('deadLetterTargetArn = aws_sqs_queue.dead.arn');
    const all = [...Object.values(queues), ...Object.values(root.resource?.['aws_sqs_queue'] ?? {})].flat();
    expect(all).toHaveLength(3);
    for (const queue of all) {
      expect(queue).toMatchObject({ receive_wait_time_seconds: 20, sqs_managed_sse_enabled: true });
    }
  });

  it('hide a task for longer than a solve takes, unless overridden', () => {
    expect(root.variable?.['visibility_timeout_seconds']?.[0]?.['default']).toBeGreaterThanOrEqual(360);
    expect(queues['tasks']?.[0]?.['visibility_timeout_seconds']).toBe('${var.fleet.visibility_timeout}');
  });
});
