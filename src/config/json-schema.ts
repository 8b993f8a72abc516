/** The JSON Schema of a config file, for editors and other validators, generated from `schema.ts`. */
export async function configJsonSchema(): Promise<object> {
  const { default: schema } = await import('../../schema/captcha.config.schema.json', { with: { type: 'json' } });
  return schema;
}
