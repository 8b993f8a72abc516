import type {
  CountResult,
  KnownRules,
  FleetSubmissions,
  Hold,
  LimitUse,
  SubmissionLimit,
  Submitter,
} from '../../ports/submissions.ts';
import type { Clock } from '../../ports/system.ts';
import { accountKey, ScriptConnection } from './script-connection.ts';
import { submissionScript } from './submission-script.ts';

export interface RedisSubmissionsOptions {
  /** `redis://user:password@host:port/database`, or `rediss://`. */
  readonly url: string;
  readonly baseUrl: string;
  readonly accountId: string;
  /** Replaces the production script in tests with another clock. */
  readonly script?: string;
}

interface Answer {
  readonly counted?: boolean;
  /** The refusing limit, from 1; 0 for the hold. */
  readonly refused?: number;
  readonly atMs?: string;
  readonly wasHeld?: boolean;
  readonly hold?: { readonly by: string; readonly why: string; readonly heldMs: string; readonly leftMs: string };
  /** An empty list comes as an empty object. */
  readonly limits: readonly StoredUse[] | Record<string, never>;
}

/** Empty texts stand for what is left out. */
interface StoredUse extends Omit<Required<LimitUse>, 'label' | 'roomInMs'> {
  readonly label: string;
  readonly roomInMs: string;
}

const storedWho = ({ label, found = '' }: Submitter): object => ({ label: label ?? '', found });

const stored = (limits: readonly SubmissionLimit[]): readonly object[] =>
  limits.map(({ count, windowMs, from = '', ...who }) => ({ ...storedWho(who), count, windowMs, from }));

function holdOf({ hold }: Answer): Hold | null {
  if (hold === undefined) return null;
  const { by, why, heldMs, leftMs } = hold;
  return { by, why, heldMs: Number(heldMs), leftMs: leftMs === '' ? null : Number(leftMs) };
}

function storedUses({ limits }: Answer): readonly StoredUse[] {
  return Array.isArray(limits) ? (limits as readonly StoredUse[]) : [];
}

function limitOf({ label, count, windowMs, from, found }: StoredUse): SubmissionLimit {
  const own = { ...(from !== '' && { from }), ...(found !== '' && { found }) };
  return { label: label === '' ? null : label, count, windowMs, ...own };
}

function usesOf(answer: Answer): readonly LimitUse[] {
  return storedUses(answer).map((use) => ({ ...limitOf(use), used: use.used, roomInMs: Number(use.roomInMs) }));
}

function countResult(answer: Answer): CountResult {
  if (answer.counted === true) return { counted: true, atMs: Number(answer.atMs) };
  const hold = holdOf(answer);
  if (hold !== null) return { counted: false, refusal: { reason: 'held', hold, retryInMs: hold.leftMs } };
  const full = storedUses(answer)[(answer.refused ?? 1) - 1] as StoredUse;
  return {
    counted: false,
    refusal: { reason: 'limit-reached', limit: limitOf(full), retryInMs: Number(full.roomInMs) },
  };
}

/** The hold and the limits of a fleet in Redis: one value, one script, one round trip per request. */
export class RedisSubmissions implements FleetSubmissions {
  readonly #connection: ScriptConnection;
  readonly #key: string;

  constructor({ url, script = submissionScript, ...account }: RedisSubmissionsOptions, deps: { clock: Clock }) {
    this.#key = accountKey(account, 'submissions');
    this.#connection = new ScriptConnection({ url, script }, deps);
  }

  async look(): Promise<KnownRules> {
    const answer = await this.#run('look', {});
    return { hold: holdOf(answer), limits: usesOf(answer) };
  }

  async count(limits: readonly SubmissionLimit[], who: Submitter, ticket = ''): Promise<CountResult> {
    return countResult(await this.#run('count', { limits: stored(limits), ...storedWho(who), ticket }));
  }

  async giveBack(who: Submitter, atMs: number): Promise<void> {
    await this.#run('give-back', { ...storedWho(who), atMs: String(atMs) });
  }

  async hold({ by, why, forMs }: Parameters<FleetSubmissions['hold']>[0]): Promise<void> {
    await this.#run('hold', { by, why, forMs: forMs ?? '' });
  }

  async release(): Promise<boolean> {
    return (await this.#run('release', {})).wasHeld === true;
  }

  async replaceLimits(limits: readonly SubmissionLimit[]): Promise<void> {
    await this.#run('replace', { limits: stored(limits) });
  }

  close(): void {
    this.#connection.close();
  }

  async #run(doing: string, about: object): Promise<Answer> {
    const answer = await this.#connection.run(this.#key, [doing, JSON.stringify(about)]);
    return JSON.parse(String(answer)) as Answer;
  }
}
