import { UsageFile } from '../adapters/state/usage-file.ts';
import { systemClock as clock } from '../adapters/system/system-clock.ts';
import type { UsageView } from '../cli/context.ts';
import type { Config } from '../config/schema.ts';
import { stateFolderOf } from '../config/state-folder.ts';
import { UsageRecorder } from '../core/solve/usage-recorder.ts';
import { RemoteUnavailableError } from '../domain/errors.ts';
import { maskSecrets } from '../domain/mask-secrets.ts';
import { hourMs, type UsageRecord } from '../domain/usage.ts';
import type { LogWriter, UsageLog } from '../ports/state.ts';
import { fleetUrlOf } from './resilience.ts';

export interface UsageDeps {
  readonly accountId: string;
  readonly env: NodeJS.ProcessEnv;
  /** Told once why the use of the account cannot be stored. */
  readonly onUnavailable: (message: string) => void;
}

type ClosableLog = UsageLog & { close(): void };

const hourNow = (): number => Math.floor(clock.timestamp() / hourMs);

/** The use by a fleet. What its Redis does not take at once is kept on this host, so that a killed process does not lose it. */
async function fleetLog(url: string, local: UsageLog, config: Config, deps: UsageDeps): Promise<ClosableLog> {
  const { RedisUsage } = await import('../adapters/redis/redis-usage.ts');
  const remote = new RedisUsage({ url, baseUrl: config.api.baseUrl, accountId: deps.accountId }, { clock });
  const add = async (records: readonly UsageRecord[]): Promise<void> => {
    for (const hour of new Set(records.map((record) => record.hour))) {
      const own = records.filter((record) => record.hour === hour);
      try {
        await remote.add(hour, own);
      } catch (error) {
        if (!(error instanceof RemoteUnavailableError)) throw error;
        await local.append(own);
      }
    }
  };
  return {
    append: add,
    read: async (sinceHour) => [...(await remote.read(sinceHour, hourNow())), ...(await local.read(sinceHour))],
    close: () => remote.close(),
  };
}

/** Where the use of the account is stored; null if every process keeps its own state. */
export async function openUsageLog(config: Config, deps: UsageDeps): Promise<ClosableLog | null> {
  if (config.budget.scope === 'process') return null;
  const { accountId, env, onUnavailable } = deps;
  const owner = { stateFolder: stateFolderOf(env).path, baseUrl: config.api.baseUrl, accountId };
  const file = new UsageFile({ ...owner, timestamp: () => clock.timestamp(), onUnavailable });
  const url = fleetUrlOf(config);
  if (url !== null) return fleetLog(url, file, config, deps);
  const local: UsageLog = file;
  return { append: (records) => local.append(records), read: (since) => local.read(since), close: () => undefined };
}

/** What was counted from this hour on; null if every process keeps its own state. Throws `RemoteUnavailableError`. */
export async function readUsage(config: Config, sinceHour: number, deps: UsageDeps): Promise<UsageView | null> {
  const log = await openUsageLog(config, deps);
  if (log === null) return null;
  try {
    const records = await log.read(sinceHour);
    return { service: maskSecrets(config.api.baseUrl), account: deps.accountId, records };
  } finally {
    log.close();
  }
}

/** Counts what this process submits; null if it submits nothing, or if nothing is shared. */
export async function createUsageRecorder(
  config: Config,
  writer: LogWriter | undefined,
  deps: UsageDeps,
): Promise<{ readonly recorder: UsageRecorder; close(): Promise<void> } | null> {
  const log = writer === undefined ? null : await openUsageLog(config, deps);
  if (log === null) return null;
  const recorder = new UsageRecorder({ clock, log, label: writer?.label ?? null });
  const close = async (): Promise<void> => {
    await recorder.close();
    log.close();
  };
  return { recorder, close };
}
