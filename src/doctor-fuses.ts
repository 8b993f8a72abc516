import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askService } from './adapters/captchaai/ask-service.ts';
import { proxyFor } from './adapters/captchaai/proxy.ts';
import { connectBySteps } from './adapters/system/connect-by-steps.ts';
import { stateFolderFacts } from './adapters/system/state-folder-facts.ts';
import type { DoctorTools } from './cli/doctor/doctor-tools.ts';
import { checkPolling } from './config/polling-advice.ts';
import { usualBaseUrl } from './config/schema/api.ts';
import type { Config } from './config/schema.ts';
import { keyFacts, keyLoader, type KeyLoaderParts, type LoadKey } from './doctor-key.ts';
import { maskSecrets } from './domain/mask-secrets.ts';
import type { ServiceSurvey } from './ports/service-survey.ts';
import type { StateFolderFacts } from './ports/state-folder.ts';
import { stateFolderOf } from './state-folder.ts';

/** What the doctor's tools are made from. */
export interface DoctorParts extends KeyLoaderParts {
  /** The key of the embedded service; null without `--sandbox`. */
  readonly sandboxKey: string | null;
}

/** Who asks a doctor waits in person: what takes longer is trouble, whatever `api.timeout` allows. */
const mostPatienceMs = 10_000;

const sandboxKeyFacts = { source: '--sandbox', problem: null, length: 0, hasBlanks: false, file: null };

async function survey(config: Config, { env, sandboxKey }: DoctorParts, loadKey: LoadKey): Promise<ServiceSurvey> {
  const { api, errors: errorKinds } = config;
  const baseUrl = new URL(api.baseUrl);
  const proxy = proxyFor(baseUrl, env);
  const timeoutMs = Math.min(api.timeoutMs, mostPatienceMs);
  const connection = proxy === null ? await connectBySteps(baseUrl, timeoutMs) : null;
  if (connection !== null && connection.failed !== null) return { connection, answers: null };
  const loaded = sandboxKey === null ? await loadKey(config) : { value: sandboxKey };
  const key = 'value' in loaded ? loaded.value : null;
  const answers = await askService({ baseUrl, key, timeoutMs, proxy, errorKinds, timestamp: () => Date.now() });
  return { connection, answers };
}

/** With `--sandbox` nothing is kept but in a folder that is thrown away. */
async function throwAwayFacts(): Promise<StateFolderFacts> {
  const path = await mkdtemp(join(tmpdir(), 'captcha-'));
  try {
    return await stateFolderFacts({ path, from: 'thrown away after --sandbox' });
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

/** What `captcha doctor` needs of the outside world. */
export function plugDoctor(parts: DoctorParts): DoctorTools {
  const { env, sandboxKey } = parts;
  const loadKey = keyLoader(parts);
  return {
    usualBaseUrl,
    runtime: { nodeVersion: process.versions.node, platform: process.platform },
    checkPolling: (config) => (sandboxKey === null ? checkPolling(config, false) : undefined),
    keyFacts: async (config) => (sandboxKey === null ? keyFacts(config, env, loadKey) : sandboxKeyFacts),
    proxyFor: (baseUrl) => {
      const proxy = proxyFor(new URL(baseUrl), env);
      return proxy === null ? null : { url: maskSecrets(proxy.url), exceptions: proxy.exceptions };
    },
    survey: (config) => survey(config, parts, loadKey),
    stateFolder: () => (sandboxKey === null ? stateFolderFacts(stateFolderOf(env)) : throwAwayFacts()),
    redisCondition: async (url, timeoutMs) => {
      const { redisCondition } = await import('./adapters/redis/redis-condition.ts');
      return redisCondition(url, timeoutMs);
    },
  };
}
