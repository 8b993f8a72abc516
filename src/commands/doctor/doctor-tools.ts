import type { Config } from '../../config/schema.ts';
import type { ApiProbeReport } from '../../ports/api.ts';
import type { RedisInfo } from '../../ports/queues.ts';
import type { StateFolderFacts } from '../../ports/state.ts';
import type { KeyFacts } from './account-checks.ts';
import type { Result } from '../../domain/result.ts';
import type { Problem } from './finding.ts';
import type { ProxyFacts, RuntimeFacts, SharedFacts } from './local-checks.ts';

/** The probes of `captcha doctor`. Methods throw `UsageError` for invalid settings. */
export interface DoctorTools {
  readonly runtime: RuntimeFacts;
  /** The default base URL. */
  readonly defaultBaseUrl: string;
  /** Throws where `solve` would refuse to poll as the configuration says. */
  checkPolling(config: Config): void;
  /** `config` is null where it cannot be read. */
  keyFacts(config: Config | null): Promise<KeyFacts>;
  /** What requests to the service go through, passwords masked; null: nothing. */
  proxyFor(baseUrl: string): Extract<ProxyFacts['used'], { value: unknown }>['value'];
  /** Connects to the service and asks it a few cheap questions, with the key where there is one. */
  apiProbe(config: Config): Promise<ApiProbeReport>;
  /** What the processes of this host or fleet share about retries; a problem without a usable key. */
  sharedState(config: Config): Promise<Result<SharedFacts | null, Problem>>;
  stateFolder(): Promise<StateFolderFacts>;
  /** Connects to a Redis and asks it how it is. Throws `QueueUnavailableError` where it cannot be used within `timeoutMs`. */
  readRedisInfo(url: string, timeoutMs: number): Promise<RedisInfo>;
}
