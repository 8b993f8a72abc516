/** Writes schema/captcha.config.schema.json from src/config/schema.ts; with --check, tests whether it is up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { build } from 'esbuild';
import { format, resolveConfig } from 'prettier';

const pathOf = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const target = pathOf('schema/captcha.config.schema.json');

async function loadConfigSchema() {
  const options = { entryPoints: [pathOf('src/config/schema.ts')], bundle: true, platform: 'node', format: 'esm' };
  const { outputFiles } = await build({ ...options, write: false });
  const { configSchema } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  return configSchema;
}

/** `shape` rejects unknown keys itself to report all of them, so valibot treats its objects as open. */
const closeObjects = ({ valibotSchema, jsonSchema }) =>
  valibotSchema.type === 'loose_object' ? { ...jsonSchema, additionalProperties: false } : jsonSchema;

const { $schema, ...schema } = toJsonSchema(await loadConfigSchema(), {
  target: 'draft-07',
  typeMode: 'input',
  // Checked only by the loader; the schema describes the rest of each value's shape.
  ignoreActions: ['check', 'raw_check', 'finite', 'transform'],
  overrideSchema: closeObjects,
});
const document = {
  $schema,
  title: 'Configuration of captcha',
  ...schema,
  properties: { $schema: { type: 'string', description: 'Where editors find this schema.' }, ...schema.properties },
};
const text = await format(JSON.stringify(document), { ...(await resolveConfig(target)), filepath: target });

if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8')) !== text) {
    process.stderr.write('schema/captcha.config.schema.json is out of date: run node scripts/build-schema.js\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, text);
}
