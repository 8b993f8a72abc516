import { isObject } from '../domain/json.ts';
import {
  isTaskAddress,
  type OpenProgress,
  type QueuedTask,
  type TaskAddress,
  type TaskResult,
} from '../domain/queued-task.ts';
import type { FailureReason } from '../domain/outcome.ts';
import type { Result } from '../domain/result.ts';

/** The version that this program writes. A message without one is of version 1. */
const messageVersion = 1;

/** Why a message of a queue cannot be used. It never contains a value of the message. */
export interface MessageProblem {
  /** A phrase that follows "the message". */
  readonly reason: string;
  /** True if a newer version of this program wrote it: it is left to that version. */
  readonly isNewer: boolean;
}

/** Null for a good value, else its path and problem, such as `.progress: is missing`. */
type Check = (value: unknown) => string | null;

function leaf(what: string, isGood: (value: unknown) => boolean): Check {
  return (value) => {
    if (value === undefined) return ': is missing';
    return isGood(value) ? null : `: is not ${what}`;
  };
}

const text = leaf('text', (value) => typeof value === 'string');
const filledText = leaf('text, or is empty', (value) => typeof value === 'string' && value !== '');
const number = leaf('a number', (value) => typeof value === 'number' && Number.isFinite(value));
const flag = leaf('true or false', (value) => typeof value === 'boolean');
const count = (least: number): Check =>
  leaf(`a whole number of at least ${least}`, (value) => Number.isSafeInteger(value) && Number(value) >= least);
/** Ids of the service are numbers so far; what is not printable cannot be one. */
const captchaId = leaf('an id', (value) => typeof value === 'string' && /^[!-~]{1,200}$/.test(value));
const oneOf = (known: Readonly<Record<string, true>>): Check =>
  leaf('a known value', (value) => typeof value === 'string' && Object.hasOwn(known, value));
const object = leaf('an object', isObject);
const nullOr =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? null : check(value);

/** Further fields are allowed: a later version may add optional ones. */
const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (!isObject(value)) return object(value);
    for (const [name, check] of Object.entries(fields)) {
      const problem = check(Object.hasOwn(value, name) ? value[name] : undefined);
      if (problem !== null) return `.${name}${problem}`;
    }
    return null;
  };

const listOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return value === undefined ? ': is missing' : ': is not a list';
    for (const [index, entry] of value.entries()) {
      const problem = check(entry);
      if (problem !== null) return `[${index}]${problem}`;
    }
    return null;
  };

const mapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).some((entry) => check(entry) !== null)
      ? ': has a value of another type'
      : object(value);

/** One shape for each value of a field. */
const variants =
  (name: string, shapes: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (!isObject(value)) return object(value);
    const variant = value[name];
    const known = typeof variant === 'string' && Object.hasOwn(shapes, variant) ? shapes[variant] : undefined;
    if (known === undefined) return variant === undefined ? `.${name}: is missing` : `.${name}: is not a known value`;
    return known(value);
  };

const progress = variants('state', {
  new: shape({}),
  'in-doubt': shape({ attempts: count(0) }),
  submitted: shape({
    attempts: count(0),
    captchaId,
    submittedAt: number,
    wasInDoubt: optional(flag),
  }),
});

const task = shape({
  taskId: text,
  method: filledText,
  sitekey: nullOr(text),
  pageurl: nullOr(text),
  body: nullOr(text),
  params: mapOf(text),
  region: nullOr(text),
  rule: nullOr(text),
});

/** The longest time limit that a task may bring along, in ms: a worker must not hold a task for longer. */
export const maxCarriedMs = 3_600_000;

const timeLimit = leaf(
  `a time of at most ${maxCarriedMs} ms`,
  (value) => typeof value === 'number' && value > 0 && value <= maxCarriedMs,
);

const queuedTask = shape({
  run: text,
  key: text,
  task,
  homeRegion: nullOr(text),
  strict: flag,
  enqueuedAt: number,
  limits: optional(shape({ timeoutMs: optional(timeLimit), maxAttempts: optional(count(1)) })),
  progress,
});

/** The compiler requires every reason here. */
const reasons: Readonly<Record<FailureReason, true>> = {
  ...{ rejected: true, account: true, config: true, local: true, unsolvable: true, 'attempts-exhausted': true },
  ...{ 'budget-exhausted': true, 'breaker-open': true, 'deadline-exceeded': true, 'no-healthy-region': true },
  ...{ 'policy-denied': true, 'in-doubt': true, cancelled: true, held: true, 'limit-reached': true },
};

const attempt = shape({
  attempt: number,
  region: nullOr(text),
  captchaId: nullOr(text),
  startedAt: number,
  submittedAt: nullOr(number),
  durationMs: number,
  submitMs: nullOr(number),
  pollMs: listOf(number),
  pollFaultCount: number,
  fault: nullOr(shape({ kind: text, code: nullOr(text), message: text })),
  possiblyCharged: flag,
});

const ofOutcome = {
  taskId: text,
  region: nullOr(text),
  attempts: listOf(attempt),
  durationMs: number,
  possiblyCharged: flag,
  captchaId: nullOr(text),
  submittedAt: nullOr(number),
};

const outcome = variants('status', {
  solved: shape({
    ...ofOutcome,
    solution: shape({ text, fields: object }),
    solvedAt: number,
    expiresAt: nullOr(number),
  }),
  failed: shape({
    ...ofOutcome,
    reason: oneOf(reasons),
    code: nullOr(text),
    message: text,
    retryInMs: nullOr(number),
  }),
});

const taskResult = shape({
  run: text,
  key: text,
  region: nullOr(text),
  homeRegion: nullOr(text),
  outcome,
  attemptCount: count(0),
  possiblyCharged: flag,
  worker: text,
  finishedAt: number,
});

function read<T extends TaskAddress>(message: unknown, what: string, check: Check): Result<T, MessageProblem> {
  const bad = (reason: string): { readonly error: MessageProblem } => ({ error: { reason, isNewer: false } });
  if (!isObject(message)) return bad(`is not ${what}`);
  const { schemaVersion = messageVersion, ...content } = message;
  if (!Number.isSafeInteger(schemaVersion)) return bad(`is not ${what} (schemaVersion: is not a whole number)`);
  if (Number(schemaVersion) > messageVersion) {
    const reason = `was written by a newer version of captcha (schemaVersion ${String(schemaVersion)})`;
    return { error: { reason, isNewer: true } };
  }
  const problem = check(content);
  if (problem !== null) return bad(`is not ${what} (${problem.slice(1)})`);
  const value = content as unknown as T;
  return isTaskAddress(value) ? { value } : bad(`is not ${what} (run or key: is not that of a task)`);
}

function parse(message: string): unknown {
  try {
    return JSON.parse(message) as unknown;
  } catch {
    return undefined;
  }
}

/** The task in a message, which is JSON text or the value of it. */
export function readTaskMessage(message: unknown): Result<QueuedTask, MessageProblem> {
  return read(typeof message === 'string' ? parse(message) : message, 'a task', queuedTask);
}

/** What is known about the text of a result without reading it. */
export interface ResultPlace {
  /** The task that it belongs to; null if only the text says so. */
  readonly address: TaskAddress | null;
  /** Epoch ms. */
  readonly now: number;
}

/** The result to report for a task whose result cannot be read: it was paid for, perhaps. */
function unreadableResult({ run, key }: TaskAddress, reason: string, now: number): TaskResult {
  const unknown = { region: null, attempts: [], durationMs: 0, captchaId: null, submittedAt: null };
  return {
    ...{
      run,
      key,
      region: null,
      homeRegion: null,
      attemptCount: 1,
      possiblyCharged: true,
      worker: '',
      finishedAt: now,
    },
    outcome: {
      ...{ status: 'failed', taskId: '', reason: 'in-doubt', code: null, retryInMs: null, possiblyCharged: true },
      ...unknown,
      message: `the message with its result ${reason}`,
    },
  };
}

/**
 * The result in the text of a message. If the text cannot be read but its task is known, that is reported as
 * `in-doubt`, and `reason` says why.
 */
export function readResultMessage(
  message: string,
  { address, now }: ResultPlace,
): Result<{ readonly result: TaskResult; readonly reason: string | null }, MessageProblem> {
  const found = parse(message);
  const given = read<TaskResult>(found, 'a result', taskResult);
  const isOfTask = 'value' in given && (address === null || address.key === given.value.key);
  if (isOfTask) return { value: { result: given.value, reason: null } };
  const problem = 'error' in given ? given.error : { reason: 'is not the result of this task', isNewer: false };
  const own = isObject(found) ? { run: String(found['run']), key: String(found['key']) } : null;
  const task = address ?? own;
  if (problem.isNewer || task === null || !isTaskAddress(task)) return { error: problem };
  return { value: { result: unreadableResult(task, problem.reason, now), reason: problem.reason } };
}

/** The progress in a text; null if it is none. */
export function readProgress(message: string): OpenProgress | null {
  const value = parse(message);
  return progress(value) === null ? (value as OpenProgress) : null;
}

/** A task or result as the value of a message. */
export function messageOf<T extends QueuedTask | TaskResult>(value: T): T & { readonly schemaVersion: number } {
  return { schemaVersion: messageVersion, ...value };
}
