import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeApi } from '../adapters/captchaai/api-probe.ts';
import { proxyFor } from '../adapters/http/proxy.ts';
import { connectBySteps } from '../adapters/system/connect-by-steps.ts';
import { stateFolderFacts } from '../adapters/system/state-folder-facts.ts';
import type { KeyFacts } from '../commands/doctor/account-checks.ts';
import { factsOfView } from '../cli/shared-state.ts';
import type { SharedFacts } from '../commands/doctor/local-checks.ts';
import type { DoctorTools } from '../commands/doctor/doctor-tools.ts';
import { orProblem, type Problem } from '../commands/doctor/finding.ts';
import { apiKeySource, type ApiKeySource, loadApiKey } from '../config/api-key.ts';
import { checkPolling } from '../config/polling-advice.ts';
import type { Config } from '../config/schema.ts';
import { defaultBaseUrl } from '../config/schema/api.ts';
import { stateFolderOf } from '../config/state-folder.ts';
import { maskSecrets } from '../domain/mask-secrets.ts';
import type { Result } from '../domain/result.ts';
import type { ApiProbeReport } from '../ports/api.ts';
import type { StateFolderFacts } from '../ports/state.ts';
import { accountIdOf, type ResilienceDeps } from './resilience.ts';

/** Before a configuration is known only the variables can name a key. */
const withoutConfig = { api: { keyFile: null, keyEnv: '', keyCommand: null } } as Pick<Config, 'api'>;

/** The key in effect, or why there is none that can be used; `config` is null where it cannot be read. */
export type LoadKey = (config: Config | null) => Promise<Result<string, Problem>>;

interface KeyLoaderParts {
  readonly env: NodeJS.ProcessEnv;
  /** Hears what the program waits for. */
  readonly log: (text: string) => void;
  /** Masks the key in all messages. */
  readonly hide: (key: string) => void;
}

/** Loads the key once, for all who ask after it: what a shell hands over as `<(command)` can be read once only. */
export function keyLoader({ env, log, hide }: KeyLoaderParts): LoadKey {
  let loading: ReturnType<LoadKey> | null = null;
  const load = async (config: Config | null): Promise<string> => {
    const key = await loadApiKey(config ?? withoutConfig, env, log);
    hide(key);
    return key;
  };
  return (config) => (loading ??= orProblem(() => load(config)));
}

function shownSource(source: ApiKeySource): string {
  if (source.type === 'command') return `the output of the key command (${source.named})`;
  return source.type === 'variable' ? source.name : `the file ${source.path} (${source.named})`;
}

async function fileOf(source: ApiKeySource | null): Promise<KeyFacts['file']> {
  if (source?.type !== 'file') return null;
  const found = await stat(source.path).catch(() => null);
  return found === null ? null : { path: source.path, mode: found.mode };
}

/** The text that the key stands in, blanks included; null where it is not read again, as of a pipe or a command. */
async function textOf(source: ApiKeySource, env: NodeJS.ProcessEnv): Promise<string | null> {
  if (source.type === 'variable') return env[source.name] ?? null;
  if (source.type === 'command' || !(await stat(source.path)).isFile()) return null;
  // One line end closes a file, and is nothing to speak of.
  return (await readFile(source.path, 'utf8')).replace(/\r?\n$/, '');
}

/** What may be said about the API key that is in effect; `config` is null where it cannot be read. */
export async function keyFacts(config: Config | null, env: NodeJS.ProcessEnv, load: LoadKey): Promise<KeyFacts> {
  const source = apiKeySource(config, env);
  const loaded = await load(config);
  if (source === null || 'error' in loaded) {
    const problem = 'error' in loaded ? loaded.error : null;
    return { source: source && shownSource(source), problem, length: 0, hasBlanks: false, file: null };
  }
  const key = loaded.value;
  const text = await textOf(source, env).catch(() => null);
  // Standard input is a file, too, that may have no more to give.
  const hasBlanks = text !== key && text?.trim() === key;
  return { source: shownSource(source), problem: null, length: key.length, hasBlanks, file: await fileOf(source) };
}

/** What the doctor's tools are made from. */
export interface DoctorParts extends KeyLoaderParts {
  /** The key of the embedded service; null without `--sandbox`. */
  readonly sandboxKey: string | null;
}

/** Who asks a doctor waits in person: what takes longer is trouble, whatever `api.timeout` allows. */
const maxProbeMs = 10_000;

const sandboxKeyFacts = { source: '--sandbox', problem: null, length: 0, hasBlanks: false, file: null };

async function apiProbe(config: Config, { env, sandboxKey }: DoctorParts, loadKey: LoadKey): Promise<ApiProbeReport> {
  const { api, errors: errorKinds } = config;
  const baseUrl = new URL(api.baseUrl);
  const proxy = proxyFor(baseUrl, env);
  const timeoutMs = Math.min(api.timeoutMs, maxProbeMs);
  const connection = proxy === null ? await connectBySteps(baseUrl, timeoutMs) : null;
  if (connection !== null && connection.failed !== null) return { connection, answers: null };
  const loaded = sandboxKey === null ? await loadKey(config) : { value: sandboxKey };
  const key = 'value' in loaded ? loaded.value : null;
  const answers = await probeApi({ baseUrl, key, timeoutMs, proxy, errorKinds, timestamp: () => Date.now() });
  return { connection, answers };
}

/** With `--sandbox` nothing is kept but in a folder that is thrown away. */
async function temporaryFacts(): Promise<StateFolderFacts> {
  const path = await mkdtemp(join(tmpdir(), 'captcha-'));
  try {
    return await stateFolderFacts({ path, from: 'temporary, --sandbox' });
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

/** What the processes share; nothing is written. */
async function sharedFacts(config: Config, parts: Pick<ResilienceDeps, 'accountId' | 'env'>): Promise<SharedFacts> {
  const { createSharedState } = await import('./shared-state.ts');
  const shared = createSharedState(config, parts);
  try {
    const view = await shared.look();
    const { tokens, burst, breaker, quietMs } = factsOfView(view);
    const unavailable = view.fleet !== undefined && 'unavailable' in view.fleet ? view.fleet.unavailable : null;
    return { tokens, burst, breaker: breaker.state, probeInMs: breaker.retryInMs ?? 0, quietMs, unavailable };
  } finally {
    await shared.close();
  }
}

/** What `captcha doctor` needs of the outside world. */
export function createDoctorTools(parts: DoctorParts): DoctorTools {
  const { env, sandboxKey } = parts;
  const loadKey = keyLoader(parts);
  return {
    defaultBaseUrl,
    runtime: { nodeVersion: process.versions.node, platform: process.platform },
    checkPolling: (config) => (sandboxKey === null ? checkPolling(config, false) : undefined),
    keyFacts: async (config) => (sandboxKey === null ? keyFacts(config, env, loadKey) : sandboxKeyFacts),
    proxyFor: (baseUrl) => {
      const proxy = proxyFor(new URL(baseUrl), env);
      return proxy === null ? null : { url: maskSecrets(proxy.url), exceptions: proxy.exceptions };
    },
    apiProbe: (config) => apiProbe(config, parts, loadKey),
    sharedState: async (config) => {
      if (config.budget.scope === 'process') return { value: null };
      const key = await loadKey(config);
      return 'error' in key ? key : { value: await sharedFacts(config, { accountId: accountIdOf(key.value), env }) };
    },
    stateFolder: () => (sandboxKey === null ? stateFolderFacts(stateFolderOf(env)) : temporaryFacts()),
    readRedisInfo: async (url, timeoutMs) => {
      const { readRedisInfo } = await import('../adapters/redis/redis-info.ts');
      return readRedisInfo(url, timeoutMs);
    },
  };
}
