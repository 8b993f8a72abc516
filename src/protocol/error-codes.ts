import { describeFault, type Fault, type FaultKind } from '../domain/fault.ts';

/** The request that a code answered: a code can mean different things for a poll and a submission. */
export type Endpoint = 'submit' | 'poll';

export interface ErrorCode {
  /** As the service writes it. */
  readonly code: string;
  readonly kind: FaultKind;
  /** The kind for a poll, if it differs. */
  readonly pollKind: FaultKind | null;
  /** Meaning and fix. */
  readonly advice: string;
  /** Minimum wait before the next request, in ms. */
  readonly waitMs: number | null;
  readonly threadsFull: boolean;
  readonly maxResubmissions: number | null;
  /** True if this answer to a poll means that the accepted id is lost, with its payment. */
  readonly losesId: boolean;
}

type Options = Partial<Omit<ErrorCode, 'code' | 'advice'>>;

const plain: Omit<ErrorCode, 'code' | 'advice' | 'kind'> = {
  pollKind: null,
  waitMs: null,
  threadsFull: false,
  maxResubmissions: null,
  losesId: false,
};

const rowsOf =
  (kind: FaultKind) =>
  (code: string, advice: string, options: Options = {}): ErrorCode => ({ ...plain, kind, code, advice, ...options });

const throttled = rowsOf('throttled');
const account = rowsOf('account');
const rejected = rowsOf('rejected');
const unsolvable = rowsOf('unsolvable');
const transport = rowsOf('transport');

/** The id of an accepted submission is lost. */
const forgotten = { maxResubmissions: 1, losesId: true };

/**
 * One row per code. Waits and kinds follow CaptchaAI's documentation where it has any, else 2captcha's; if the two
 * disagree, the safer reading is used. `ERROR_ZERO_BALANCE` has the kind `account` here: the client asks the service
 * whether it meant busy threads, and then throws another fault.
 */
const errorCodes: readonly ErrorCode[] = [
  throttled('ERROR_NO_SLOT_AVAILABLE', 'Every thread is busy. Lower the concurrency or buy threads.', {
    threadsFull: true,
  }),
  account('ERROR_ZERO_BALANCE', 'No balance, or no threads in the plan. Top up, then run again.', {
    pollKind: 'throttled',
  }),
  throttled('ERROR_TOO_MUCH_REQUESTS', 'Too many requests in a short time.', { waitMs: 3_000 }),
  throttled('MAX_USER_TURN', 'Too many submissions in a short time.', { waitMs: 10_000 }),
  throttled('ERROR: 1001', 'Blocked for ten minutes after many refusals for lack of a thread.', { waitMs: 600_000 }),
  throttled('ERROR: 1002', 'Blocked for five minutes after many refusals for lack of balance.', { waitMs: 300_000 }),
  throttled('ERROR: 1003', 'The queue of this account at the service is too long.', { waitMs: 30_000 }),
  throttled('ERROR: 1005', 'Polled too fast: blocked for five minutes.', { waitMs: 300_000 }),

  account('ERROR_WRONG_USER_KEY', 'The API key has the wrong format. Check the API key.'),
  account('ERROR_KEY_DOES_NOT_EXIST', 'The API key is unknown, or its account has no plan. Check the API key.'),
  account(
    'ERROR: 1004',
    'This address is blocked after requests with a wrong key. Correct the key and wait ten minutes.',
  ),
  account('IP_BANNED', 'This address is banned. Correct the key, wait, or ask the service.'),
  account('ERROR_IP_BANNED', 'This address is banned. Correct the key, wait, or ask the service.'),
  account('ERROR_IP_NOT_ALLOWED', "This address is not on the key's allow-list. Add it in the service's dashboard."),
  account('ERROR_IP_ADDRES', 'The pingback address is not registered with the service.'),
  account('ERROR_ACCOUNT_SUSPENDED', 'The account is suspended. Ask the service.'),

  rejected('ERROR_PAGEURL', 'The page URL is missing or not a URL. Check pageurl.'),
  rejected('ERROR_GOOGLEKEY', 'The site key is missing or malformed. Check sitekey.'),
  rejected('ERROR_WRONG_GOOGLEKEY', 'The site key is missing or malformed. Check sitekey.'),
  rejected('ERROR_BAD_PARAMETERS', 'A parameter is missing or has the wrong type.'),
  rejected(
    'ERROR_BAD_TOKEN_OR_PAGEURL',
    "The site key does not belong to the page. For an iframe use the frame's URL.",
  ),
  rejected('ERROR_DOMAIN_NOT_ALLOWED', 'The service does not solve for this domain.'),
  rejected('ERROR_TOO_BIG_CAPTCHA_FILESIZE', 'The image is too large (the limit is 1024 KB).'),
  rejected('ERROR_ZERO_CAPTCHA_FILESIZE', 'The image is empty or too small.'),
  rejected('ERROR_WRONG_FILE_EXTENSION', 'The file is not a supported image (jpg, jpeg, png, gif).'),
  rejected('ERROR_IMAGE_TYPE_NOT_SUPPORTED', 'The file is not a supported image (jpg, jpeg, png, gif).'),
  rejected('ERROR_UPLOAD', 'The service could not read the image.'),
  rejected('ERROR_EMPTY_CAPTCHA', 'The image is empty.'),
  rejected('ERROR_CAPTCHAIMAGE_BLOCKED', 'The service has marked this image as unreadable.'),
  rejected('TOO_MANY_BAD_IMAGES', 'Too many unreadable images were sent.'),
  rejected('ERROR_BAD_PROXY', 'The proxy is marked as bad. Use another one.'),
  rejected('ERROR_TOKEN_EXPIRED', 'The challenge had expired. Fetch a fresh one from the page.'),
  rejected('ERROR_WRONG_ID_FORMAT', 'The id does not belong to this service.'),
  rejected('ERROR_EMPTY_ACTION', 'The request had no action. Check api.baseUrl.'),
  rejected('ERROR_METHOD_CALL', 'The service does not know this method.'),
  rejected('ERROR_NO_SUCH_METHOD', 'The service does not know this method.'),
  rejected('ERROR_REPORT_NOT_RECORDED', 'The service did not record the report.'),
  rejected('REPORT_NOT_RECORDED', 'The service did not record the report.'),
  rejected('ERROR_DUPLICATE_REPORT', 'This id was already reported.'),

  unsolvable('ERROR_CAPTCHA_UNSOLVABLE', 'The workers gave up on this attempt.'),
  unsolvable('ERROR_BAD_DUPLICATES', 'The workers did not agree on a solution.'),
  unsolvable('ERROR_PROXY_CONNECTION_FAILED', 'The service could not reach the page through the proxy.'),
  unsolvable('ERROR_WRONG_CAPTCHA_ID', 'The service no longer knows this id.', forgotten),
  unsolvable('ERROR_NO_SUCH_CAPCHA_ID', 'The service no longer knows this id.', forgotten),

  transport('ERROR_SERVER_ERROR', 'The service had an internal error.'),
  transport('ERROR_INTERNAL_SERVER_ERROR', 'The service had an internal error.'),
];

const byCode = new Map(errorCodes.map((entry) => [entry.code, entry]));

/** An unknown code may be temporary for a submission, once; for a poll it means that the id is lost. */
const unknownCode: Omit<ErrorCode, 'code' | 'maxResubmissions'> = {
  ...plain,
  kind: 'rejected',
  advice: 'The service answered with a code that is not documented.',
};

/** True for a code which says that the service does not accept the API key. Nothing was done for the request. */
export function refusesKey(code: string | null): boolean {
  return code === 'ERROR_WRONG_USER_KEY' || code === 'ERROR_KEY_DOES_NOT_EXIST';
}

/** All codes of the table, in its order. */
export function knownErrorCodes(): readonly ErrorCode[] {
  return errorCodes;
}

/** True if a code has a row, or a kind in `kinds`. */
export function isKnownCode(code: string, kinds: Readonly<Record<string, FaultKind>>): boolean {
  return byCode.has(code) || Object.hasOwn(kinds, code);
}

/**
 * Classifies a code of the service. Codes are compared as a whole, never as substrings: an answer may contain "ERROR".
 * `kinds` overrides the kind of a code (config key `errors`).
 */
export function faultOfCode(code: string, endpoint: Endpoint, kinds: Readonly<Record<string, FaultKind>>): Fault {
  const entry = byCode.get(code) ?? { ...unknownCode, code, maxResubmissions: endpoint === 'poll' ? 0 : 1 };
  // The code comes from the server: without `hasOwn`, `constructor` would find an inherited member.
  const override = Object.hasOwn(kinds, code) ? kinds[code] : undefined;
  const kind = override ?? (endpoint === 'poll' ? (entry.pollKind ?? entry.kind) : entry.kind);
  return describeFault({
    kind,
    code,
    message: `${code}: ${entry.advice}`,
    retryAfterMs: entry.waitMs,
    answerLost: entry.losesId && endpoint === 'poll',
    threadsFull: entry.threadsFull && kind === 'throttled',
    maxResubmissions: override === undefined ? entry.maxResubmissions : null,
  });
}
