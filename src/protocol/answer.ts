/** What one HTTP body of the service says, in whichever of its spellings. */
export type Answer =
  | { readonly type: 'ok'; readonly payload: unknown; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly type: 'not-ready' }
  | { readonly type: 'code'; readonly code: string }
  | { readonly type: 'unreadable'; readonly why: string };

const notReady = /^CAPT?CHA_NOT_READY$/;
const plainCode = /^(ERROR[_:]|IP_BANNED|MAX_USER_TURN|REPORT_NOT_RECORDED|TOO_MANY_BAD_IMAGES)/;
const plainSuccess = /^(OK_REPORT_RECORDED$|OK$|-?\d+(\.\d+)?$)/;
/** An id or code longer than this is not one. */
const longestCode = 200;

const unreadable = (why: string): Answer => ({ type: 'unreadable', why });
const withoutEnvelope = new Set(['status', 'request', 'result', 'error_text']);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function answerOfCode(code: string): Answer {
  if (notReady.test(code)) return { type: 'not-ready' };
  return code === '' || code.length > longestCode ? unreadable('an error without a code') : { type: 'code', code };
}

/** Ids may be numbers beyond what a double holds exactly: then the digits are taken from the text. */
function exactNumber(value: number, body: string): unknown {
  if (Number.isSafeInteger(value) || !Number.isInteger(value)) return value;
  return /"(?:request|result)"\s*:\s*(\d+)/.exec(body)?.[1] ?? value;
}

function readJson(body: string): Answer {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return unreadable('cut-off or malformed JSON');
  }
  if (!isObject(parsed)) return unreadable('JSON that is not an object');
  const status = parsed['status'];
  // GeeTest solutions come without an envelope: the whole object is the answer.
  if (status === undefined && !('request' in parsed)) {
    return Object.keys(parsed).length === 0
      ? unreadable('an empty object')
      : { type: 'ok', payload: parsed, fields: {} };
  }
  if (status !== 1 && status !== '1') {
    const code = parsed['request'] ?? parsed['error_text'];
    return typeof code === 'string' ? answerOfCode(code.trim()) : unreadable('an error without a code');
  }
  const fields = Object.fromEntries(Object.entries(parsed).filter(([name]) => !withoutEnvelope.has(name)));
  const payload = parsed['request'] ?? parsed['result'] ?? fields;
  if (typeof payload === 'string' && notReady.test(payload)) return { type: 'not-ready' };
  return { type: 'ok', payload: typeof payload === 'number' ? exactNumber(payload, body) : payload, fields };
}

function readPlain(body: string): Answer {
  if (notReady.test(body)) return { type: 'not-ready' };
  // Split on the first bar only: GeeTest's seccode and OCR answers contain bars of their own.
  if (body.startsWith('OK|')) return { type: 'ok', payload: body.slice(3), fields: {} };
  if (plainCode.test(body)) return answerOfCode(body.split('\n', 1)[0]?.trim() ?? '');
  if (plainSuccess.test(body)) return { type: 'ok', payload: body, fields: {} };
  return unreadable(
    body === '' ? 'an empty body' : body.startsWith('<') ? 'an HTML page' : 'neither JSON nor a known text',
  );
}

/**
 * Reads a body: JSON or plain text, whatever was asked for and whatever the Content-Type says, since CaptchaAI sends
 * JSON as `text/html` and other services send plain text despite `json=1`.
 */
export function readAnswer(text: string): Answer {
  const body = text.replace(/^\uFEFF/, '').trim();
  return body.startsWith('{') ? readJson(body) : readPlain(body);
}
