import * as v from 'valibot';
import { type Config, configSchema } from '../../../src/config/schema.ts';

/** The configuration that a file with this content means. */
export function aConfig(written: object = {}): Config {
  return v.parse(configSchema, written);
}
