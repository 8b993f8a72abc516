import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { yamlFile } from './support/yaml-file.ts';

const linter = dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
const schema = JSON.parse(readFileSync(join(linter, 'schemas/compose.schema.json'), 'utf8')) as Record<string, unknown>;
// It names the draft with an address that ajv does not know.
delete schema['$schema'];

const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);

function problemsOf(content: unknown): readonly string[] {
  validate(content);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

describe('compose.yaml', () => {
  const content = yamlFile('deploy/compose.yaml') as { readonly services: Readonly<Record<string, object>> };

  it('follows the Compose specification', () => {
    expect(problemsOf(content)).toEqual([]);
  });

  it('has no version, which the specification ignores', () => {
    expect(content).not.toHaveProperty('version');
  });

  it.each([
    ['a key that is not of the specification', { imagee: 'redis:7' }],
    ['a dependency in the wrong form', { depends_on: 'redis' }],
    ['a health check without a list or text', { healthcheck: { test: 5 } }],
  ])('would be rejected with %s', (_what, mistake) => {
    const redis = { ...content.services['redis'], ...mistake };
    expect(problemsOf({ ...content, services: { ...content.services, redis } })).not.toEqual([]);
  });
});
