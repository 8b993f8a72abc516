import { readFile, stat } from 'node:fs/promises';
import type { KeyFacts } from './cli/doctor/check-key.ts';
import { orProblem } from './cli/doctor/problem.ts';
import { loadApiKey } from './config/api-key.ts';
import { apiKeySource, type ApiKeySource } from './config/api-key-source.ts';
import type { Config } from './config/schema.ts';

/** Before a configuration is known only the variables can name a key. */
const withoutConfig = { api: { keyFile: null, keyEnv: '' } } as Pick<Config, 'api'>;

const shownSource = (source: ApiKeySource): string =>
  source.type === 'variable' ? source.name : `the file ${source.path} (${source.named})`;

async function fileOf(source: ApiKeySource | null): Promise<KeyFacts['file']> {
  if (source?.type !== 'file') return null;
  const found = await stat(source.path).catch(() => null);
  return found === null ? null : { path: source.path, mode: found.mode };
}

/** The text that the key is read from, blanks included. */
async function textOf(source: ApiKeySource, env: NodeJS.ProcessEnv): Promise<string> {
  if (source.type === 'variable') return env[source.name] ?? '';
  // One line end closes a file, and is nothing to speak of.
  return (await readFile(source.path, 'utf8')).replace(/\r?\n$/, '');
}

/** What may be said about the API key that is in effect; `config` is null where it cannot be read. */
export async function keyFacts(config: Config | null, env: NodeJS.ProcessEnv): Promise<KeyFacts> {
  const source = apiKeySource(config, env);
  const loaded = await orProblem(() => loadApiKey(config ?? withoutConfig, env));
  if (source === null || 'problem' in loaded) {
    const problem = 'problem' in loaded ? loaded.problem : null;
    return { source: source && shownSource(source), problem, length: 0, hasBlanks: false, file: null };
  }
  const key = loaded.value;
  const hasBlanks = (await textOf(source, env)) !== key;
  return { source: shownSource(source), problem: null, length: key.length, hasBlanks, file: await fileOf(source) };
}
