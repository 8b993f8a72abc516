import { readFile, stat } from 'node:fs/promises';
import type { KeyFacts } from './cli/doctor/check-key.ts';
import { orProblem, type Problem } from './cli/doctor/problem.ts';
import { loadApiKey } from './config/api-key.ts';
import { apiKeySource, type ApiKeySource } from './config/api-key-source.ts';
import type { Config } from './config/schema.ts';

/** Before a configuration is known only the variables can name a key. */
const withoutConfig = { api: { keyFile: null, keyEnv: '' } } as Pick<Config, 'api'>;

/** The key in effect, or why there is none that can be used; `config` is null where it cannot be read. */
export type LoadKey = (config: Config | null) => Promise<{ readonly value: string } | { readonly problem: Problem }>;

export interface KeyLoaderParts {
  readonly env: NodeJS.ProcessEnv;
  /** Hears what the program waits for. */
  readonly tell: (text: string) => void;
  /** Keeps a key out of what is told to people. */
  readonly hide: (key: string) => void;
}

/** Loads the key once, for all who ask after it: what a shell hands over as `<(command)` can be read once only. */
export function keyLoader({ env, tell, hide }: KeyLoaderParts): LoadKey {
  let loading: ReturnType<LoadKey> | null = null;
  const load = async (config: Config | null): Promise<string> => {
    const key = await loadApiKey(config ?? withoutConfig, env, tell);
    hide(key);
    return key;
  };
  return (config) => (loading ??= orProblem(() => load(config)));
}

const shownSource = (source: ApiKeySource): string =>
  source.type === 'variable' ? source.name : `the file ${source.path} (${source.named})`;

async function fileOf(source: ApiKeySource | null): Promise<KeyFacts['file']> {
  if (source?.type !== 'file') return null;
  const found = await stat(source.path).catch(() => null);
  return found === null ? null : { path: source.path, mode: found.mode };
}

/** The text that the key stands in, blanks included; null where it cannot be read again, as in a pipe. */
async function textOf(source: ApiKeySource, env: NodeJS.ProcessEnv): Promise<string | null> {
  if (source.type === 'variable') return env[source.name] ?? null;
  if (!(await stat(source.path)).isFile()) return null;
  // One line end closes a file, and is nothing to speak of.
  return (await readFile(source.path, 'utf8')).replace(/\r?\n$/, '');
}

/** What may be said about the API key that is in effect; `config` is null where it cannot be read. */
export async function keyFacts(config: Config | null, env: NodeJS.ProcessEnv, load: LoadKey): Promise<KeyFacts> {
  const source = apiKeySource(config, env);
  const loaded = await load(config);
  if (source === null || 'problem' in loaded) {
    const problem = 'problem' in loaded ? loaded.problem : null;
    return { source: source && shownSource(source), problem, length: 0, hasBlanks: false, file: null };
  }
  const key = loaded.value;
  const text = await textOf(source, env).catch(() => null);
  // Standard input is a file, too, that may have no more to give.
  const hasBlanks = text !== key && text?.trim() === key;
  return { source: shownSource(source), problem: null, length: key.length, hasBlanks, file: await fileOf(source) };
}
