import type { Config } from './schema.ts';

/** Where the API key is read from. */
export type ApiKeySource =
  | { readonly type: 'variable'; readonly name: string }
  /** `named`: the variable or config key that says which file. */
  | { readonly type: 'file'; readonly path: string; readonly named: string };

/**
 * The first source that is set, which is the one that `loadApiKey` reads; null where none is. Without a configuration
 * (`config` null) only the variables that need none are looked at.
 */
export function apiKeySource(config: Pick<Config, 'api'> | null, env: NodeJS.ProcessEnv): ApiKeySource | null {
  const { CAPTCHAAI_API_KEY: direct, CAPTCHAAI_API_KEY_FILE: file } = env;
  if (direct !== undefined) return { type: 'variable', name: 'CAPTCHAAI_API_KEY' };
  if (file !== undefined) return { type: 'file', path: file, named: 'CAPTCHAAI_API_KEY_FILE' };
  const { keyFile = null, keyEnv = '' } = config?.api ?? {};
  if (keyFile !== null) return { type: 'file', path: keyFile, named: 'api.keyFile' };
  return env[keyEnv] === undefined ? null : { type: 'variable', name: keyEnv };
}
