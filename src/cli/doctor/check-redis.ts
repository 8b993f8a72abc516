import type { RedisCondition } from '../../ports/redis-condition.ts';
import { failure, type Finding, ok, warning } from './finding.ts';
import type { Problem } from './problem.ts';
import { reachFix } from './reach-fix.ts';

/** A Redis that queues, results or state of the fleet are in. */
export interface RedisSight {
  /** Its URL without the database, password masked. */
  readonly server: string;
  readonly seen: RedisCondition | { readonly problem: Problem };
}

const evictionFix = 'set maxmemory-policy noeviction (redis-cli config set, and its configuration)';
const persistenceFix = 'set appendonly yes (redis-cli config set, and its configuration)';

/** Whether a Redis can be used, and keeps what it is given. */
export function checkRedis({ server, seen }: RedisSight): readonly Finding[] {
  if ('problem' in seen) return [failure(seen.problem.message, seen.problem.hint ?? reachFix(seen.problem.message))];
  const { version, evictionPolicy, isAppendOnly } = seen;
  const evicts = evictionPolicy !== null && evictionPolicy !== 'noeviction';
  return [
    ok(`${server}: ${version === null ? 'answers' : `Redis ${version}`}`),
    ...(evicts ? [failure(`${server}: throws tasks away when it is full (${evictionPolicy})`, evictionFix)] : []),
    ...(isAppendOnly === false
      ? [warning(`${server}: loses what it holds when it ends (appendonly no)`, persistenceFix)]
      : []),
  ];
}
