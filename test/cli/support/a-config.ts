import * as v from 'valibot';
import { type Config, configSchema } from '../../../src/config/schema.ts';

/** The configuration of a file with this content. */
export function aConfig(written: object = {}): Config {
  return v.parse(configSchema, written);
}
