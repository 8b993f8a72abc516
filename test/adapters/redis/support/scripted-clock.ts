import { Redis } from 'ioredis';
import { bucketScript, serverClock } from '../../../../src/adapters/redis/budget-script.ts';

const key = '{clock}';

/** A script with a server time set by the test. */
export const onScriptedClock = (script: string): string =>
  script.replace(serverClock, `local clockMs = tonumber(redis.call('GET', '${key}'))`);

/** The bucket script with a server time set by the test. */
export const clockedScript = onScriptedClock(bucketScript);

/** Sets the time for `clockedScript`. */
export class ScriptedClock {
  readonly #redis: Redis;

  constructor(url: string) {
    this.#redis = new Redis(url);
  }

  async set(ms: number): Promise<void> {
    await this.#redis.set(key, String(ms));
  }

  async forget(): Promise<void> {
    await this.#redis.flushall();
  }

  close(): void {
    this.#redis.disconnect();
  }
}
