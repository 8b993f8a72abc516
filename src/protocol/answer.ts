import { isObject } from '../domain/json.ts';
import type { Solution } from '../domain/outcome.ts';

/**
 * No answer of the protocol has more than three levels; JSON with thousands would overflow the stack of its readers.
 */
const maxLevels = 32;

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1));
}

/** Parses JSON; undefined if it is malformed, truncated, or nested too deeply. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isShallow(value, maxLevels) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The content of an HTTP body of the service, in any of its formats. */
export type Answer =
  | { readonly type: 'ok'; readonly payload: unknown; readonly fields: Readonly<Record<string, unknown>> }
  /** A success without an envelope: a balance as a number, or the receipt of a report. Never an id or a solution. */
  | { readonly type: 'bare'; readonly text: string }
  /** `id` is set if the answer names it, as one to a submission that waited for its solution may. */
  | { readonly type: 'not-ready'; readonly id?: string }
  /** `text`: the service's own explanation, if it gave one. */
  | { readonly type: 'code'; readonly code: string; readonly text?: string }
  /** A service with another protocol (`createTask`) answered; `text` is its error. */
  | { readonly type: 'other-protocol'; readonly text: string }
  | { readonly type: 'unreadable'; readonly why: string };

type Fields = Readonly<Record<string, unknown>>;

/** Matches a complete "no solution yet" answer. */
export const notReady = /^CAPT?CHA_NOT_READY$/;
/** Matches the start of a text that is a code of the service. */
const plainCode = /^(ERROR[_:]|IP_BANNED|MAX_USER_TURN|REPORT_NOT_RECORDED|TOO_MANY_BAD_IMAGES)/;
const plainSuccess = /^(OK_REPORT_RECORDED|OK|-?\d+(\.\d+)?(e[+-]?\d+)?)$/i;
/** A longer text is not a code. */
const maxCodeLength = 200;

/** Where services explain a code. */
const explanations = ['error_text', 'errorDescription', 'error_description'];

function explanationIn(object: Fields, code: string): { text?: string } {
  const texts = explanations.map((name) => object[name]);
  const text = texts.find((each) => typeof each === 'string' && each.trim() !== '' && each.trim() !== code);
  return typeof text === 'string' ? { text } : {};
}

const withoutEnvelope = new Set(['status', 'request', 'result', 'error_text']);
/** Fields of answers that may come without a `status`: GeeTest and enterprise solutions, and `threadsinfo`. */
const standsAlone = [
  'validate',
  'seccode',
  'geetest_validate',
  'geetest_seccode',
  'captcha_output',
  'challenge_uuid',
  'cf_clearance',
  'result',
  'threads',
  'working_threads',
];

/** Why an HTML page is unreadable. */
export const htmlPage = 'an HTML page';

const unreadable = (why: string): Answer => ({ type: 'unreadable', why });

/** The id in the fields of an answer; null if there is none. */
export function idIn(fields: Fields): string | null {
  const id = fields['id'] ?? fields['captcha_id'];
  if (typeof id === 'string' && id.trim() !== '') return id;
  return Number.isSafeInteger(id) ? String(id) : null;
}

function answerOfCode(code: unknown): Answer {
  const text = typeof code === 'string' ? code.trim() : '';
  if (notReady.test(text)) return { type: 'not-ready' };
  return text === '' || text.length > maxCodeLength
    ? unreadable('an error without a code')
    : { type: 'code', code: text };
}

/** Ids may be numbers beyond the precision of a double: then the digits are taken from the text. */
function exactNumber(value: number, body: string): unknown {
  if (Number.isSafeInteger(value) || !Number.isInteger(value)) return value;
  return /"(?:request|result)"\s*:\s*(\d+)(?![\d.eE])/.exec(body)?.[1] ?? value;
}

function answerOfPayload(object: Fields, body: string): Answer {
  const fields = Object.fromEntries(Object.entries(object).filter(([name]) => !withoutEnvelope.has(name)));
  const payload = object['request'] ?? object['result'] ?? fields;
  if (typeof payload === 'string' && notReady.test(payload)) return { type: 'not-ready' };
  return { type: 'ok', payload: typeof payload === 'number' ? exactNumber(payload, body) : payload, fields };
}

function answerOfOtherProtocol(object: Fields): Answer {
  const texts = [object['errorCode'], object['errorDescription']].filter(
    (text) => typeof text === 'string' && text !== '',
  );
  return { type: 'other-protocol', text: texts.join(': ') };
}

function readJson(body: string): Answer {
  const parsed = parseJson(body);
  if (!isObject(parsed)) return unreadable('cut-off or malformed JSON');
  const { status, request } = parsed;
  if (status === 1 || status === '1') return answerOfPayload(parsed, body);
  if (status === 0 || status === '0') {
    const answer = answerOfCode(request ?? parsed['error_text']);
    if (answer.type === 'code') return { ...answer, ...explanationIn(parsed, answer.code) };
    const id = answer.type === 'not-ready' ? idIn(parsed) : null;
    return id === null ? answer : { type: 'not-ready', id };
  }
  if (typeof parsed['errorId'] === 'number' && status === undefined) return answerOfOtherProtocol(parsed);
  // Anything else is not an envelope of this protocol. `request` may be a token, and a token mistaken for a code would
  // end up in a log.
  if (typeof request === 'string' && (notReady.test(request) || plainCode.test(request))) return answerOfCode(request);
  return status === undefined && request === undefined && standsAlone.some((name) => Object.hasOwn(parsed, name))
    ? answerOfPayload(parsed, body)
    : unreadable('JSON without a status');
}

function readPlain(body: string): Answer {
  if (notReady.test(body)) return { type: 'not-ready' };
  // Split at the first bar only: GeeTest's seccode and OCR answers contain further ones.
  if (body.startsWith('OK|')) return answerOfPayload({ request: body.slice(3) }, '');
  if (plainCode.test(body)) return answerOfCode(body.split(/[\r\n]/, 1)[0]);
  if (plainSuccess.test(body)) return { type: 'bare', text: body };
  return unreadable(body === '' ? 'an empty body' : body.startsWith('<') ? htmlPage : 'neither JSON nor a known text');
}

/**
 * Parses a body as JSON or plain text, regardless of the request and the Content-Type: CaptchaAI sends JSON as
 * `text/html`, and other services send plain text despite `json=1`. Never throws.
 */
export function readAnswer(text: string): Answer {
  const body = text.replace(/^\uFEFF/, '').trim();
  return body.startsWith('{') ? readJson(body) : readPlain(body);
}

const geetestText = /^challenge:(?<challenge>[^,]*),validate:(?<validate>[^,]*),seccode:(?<seccode>.*)$/;
const cloudflareText = /^cf_clearance=(?<cf_clearance>[^;]*);\s*user_agent=(?<user_agent>.*)$/;

function objectIn(text: string): Fields | null {
  return text.startsWith('{') ? ((parseJson(text) as Fields | undefined) ?? null) : null;
}

function partsOf(payload: unknown): Fields | null {
  if (typeof payload === 'object') return payload as Fields | null;
  if (typeof payload !== 'string') return null;
  return objectIn(payload) ?? geetestText.exec(payload)?.groups ?? cloudflareText.exec(payload)?.groups ?? null;
}

const isBlank = (value: unknown): boolean => value === null || (typeof value === 'string' && value.trim() === '');

/** Parts without which the others are useless. */
const essentialParts = ['validate', 'seccode', 'geetest_validate', 'geetest_seccode', 'captcha_output', 'cf_clearance'];

function holdsNothing(parts: Fields): boolean {
  return Object.values(parts).every(isBlank) || essentialParts.some((name) => name in parts && isBlank(parts[name]));
}

/**
 * The solution in a poll's payload, or null. GeeTest and Cloudflare answers arrive as an object, as JSON in a string,
 * or in a text format of their own; all three become compact JSON with the parts as fields. A list (the cells of a
 * grid) becomes compact JSON.
 */
export function solutionOf(payload: unknown, fields: Fields): Solution | null {
  if (Array.isArray(payload)) return { text: JSON.stringify(payload), fields };
  if (typeof payload === 'number') return { text: String(payload), fields };
  const parts = partsOf(payload);
  if (parts !== null) {
    return holdsNothing(parts) ? null : { text: JSON.stringify(parts), fields: { ...parts, ...fields } };
  }
  return typeof payload === 'string' && payload.trim() !== '' ? { text: payload, fields } : null;
}
