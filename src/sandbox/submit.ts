import { createHash } from 'node:crypto';
import { imageBytes, mediumOfBytes } from '../protocol/image.ts';
import { acceptedNames, findMethod, knownMethods, siteKeyNames } from '../protocol/methods.ts';
import { accepted, refused, type Reply } from './http-answer.ts';
import { givenSolution, type MadeSolution, makeSolution } from './make-solution.ts';
import type { AcceptedTask } from './options.ts';
import { sendPingback, waitUntil } from './pingback.ts';
import type { Quirk } from './quirks.ts';
import type { RequestParameters } from './request.ts';
import { keyRefusal, solutionReply } from './result.ts';
import type { SandboxState } from './state.ts';
import type { SandboxTask } from './task-store.ts';

const imageExtensions = new Set(['jpg', 'jpeg', 'png', 'gif']);
const imageParameters = new Set(['file', 'body', 'image']);
const httpProxyTypes = ['HTTP', 'HTTPS'];
const proxyTypes = [...httpProxyTypes, 'SOCKS4', 'SOCKS5'];
/** Methods that CaptchaAI solves through HTTP proxies only. */
const httpProxyMethods = new Set(['cloudflare_challenge', 'captchafox']);
const proxyShape = /^(?:\S+@)?(?:\[[0-9a-f:.]+\]|[^@:\s/]+):\d{1,5}$/i;
const base64Shape = /^[A-Za-z0-9+/]+={0,2}$/;

/** A task with this text as site key, body or instructions is accepted and turns out to be unsolvable. */
const unsolvableMarker = 'sandbox-unsolvable';

const isBlank = (value: string | undefined): boolean => value === undefined || value.trim() === '';

/** The method of a submission; a file or a text CAPTCHA without one is `post`, as from a plain form. */
function methodOf({ values, upload }: RequestParameters): string {
  const isPost = upload !== null || !isBlank(values['textcaptcha']);
  return values['method'] || (isPost ? 'post' : '');
}

/** A submission that is checked. */
interface Submission extends RequestParameters {
  readonly method: string;
  /** The wire names that the method requires. */
  readonly required: readonly string[];
  readonly quirks: ReadonlySet<Quirk>;
}

function isPageUrl(text: string): boolean {
  return /^https?:\/\/[^\s/]/i.test(text) && URL.canParse(text);
}

function pageUrlRefusal({ values, required }: Submission): string | null {
  return required.includes('pageurl') && !isPageUrl(values['pageurl'] ?? '') ? 'ERROR_PAGEURL' : null;
}

function googleKeyRefusal({ values, required }: Submission): string | null {
  const isMalformed = required.includes('googlekey') && !/^[\w-]+$/.test(values['googlekey'] ?? '');
  return isMalformed ? 'ERROR_WRONG_GOOGLEKEY' : null;
}

function sizeRefusal(size: number): string | null {
  if (size > imageBytes.max) return 'ERROR_TOO_BIG_CAPTCHA_FILESIZE';
  return size < imageBytes.min ? 'ERROR_ZERO_CAPTCHA_FILESIZE' : null;
}

function contentRefusal(bytes: Uint8Array): string | null {
  return sizeRefusal(bytes.length) ?? (mediumOfBytes(bytes) === null ? 'ERROR_IMAGE_TYPE_NOT_SUPPORTED' : null);
}

function extensionRefusal(fileName: string): string | null {
  const extension = /\.([^.]+)$/.exec(fileName)?.[1]?.toLowerCase();
  return extension === undefined || imageExtensions.has(extension) ? null : 'ERROR_WRONG_FILE_EXTENSION';
}

/** An image as an upload or as base64, whatever the method calls it: clients send `post` with a `body`, too. */
function imageRefusal({ values, upload, required }: Submission): string | null {
  const name = required.find((candidate) => imageParameters.has(candidate));
  if (name === undefined) return null;
  if (upload !== null) return extensionRefusal(upload.name) ?? contentRefusal(upload.bytes);
  const written = values[name === 'image' ? name : 'body'] ?? '';
  if (isBlank(written)) return name === 'file' ? 'ERROR_UPLOAD' : 'ERROR_BAD_PARAMETERS';
  if (written === unsolvableMarker) return null;
  const body = written.replace(/^data:[^,]*,/, '').replace(/\s+/g, '');
  return base64Shape.test(body) ? contentRefusal(Buffer.from(body, 'base64')) : 'ERROR_UPLOAD';
}

function requiredRefusal({ values, required }: Submission): string | null {
  const isMissing = (name: string): boolean =>
    !imageParameters.has(name) && acceptedNames(name).every((each) => isBlank(values[each]));
  return required.some(isMissing) ? 'ERROR_BAD_PARAMETERS' : null;
}

function proxyRefusal({ values, method, quirks }: Submission): string | null {
  const { proxy = '', proxytype = '' } = values;
  const isAny = quirks.has('any-proxytype');
  const types = httpProxyMethods.has(method) && !isAny ? httpProxyTypes : proxyTypes;
  const isWrong =
    (!isBlank(proxy) && !proxyShape.test(proxy)) ||
    (!isBlank(proxytype) && !types.includes(isAny ? proxytype.toUpperCase() : proxytype));
  return isWrong ? 'ERROR_BAD_PARAMETERS' : null;
}

const checks = [pageUrlRefusal, googleKeyRefusal, imageRefusal, requiredRefusal, proxyRefusal];

/** The code that refuses a submission's parameters; null if they are valid. `isAtOnce`: it is sent to `solve.php`. */
export function parameterRefusal(
  request: RequestParameters,
  quirks: ReadonlySet<Quirk>,
  isAtOnce = false,
): string | null {
  const method = methodOf(request);
  const { required, medium } = findMethod(method, request.values);
  const isKnown = knownMethods().includes(method) && !(method === 'hcaptcha' && quirks.has('no-hcaptcha'));
  if (!isKnown || (isAtOnce && medium !== 'image')) return 'ERROR_METHOD_CALL';
  const submission = { ...request, method, required, quirks };
  for (const check of checks) {
    const refusal = check(submission);
    if (refusal !== null) return refusal;
  }
  return null;
}

const markedParameters = [...siteKeyNames(), 'body', 'textinstructions', 'textcaptcha'];

function fingerprintOf(params: AcceptedTask['params'], upload: RequestParameters['upload']): string {
  const sorted = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
  const digest = createHash('sha256').update(JSON.stringify(sorted));
  return (upload === null ? digest : digest.update(upload.bytes)).digest('base64');
}

function solve(id: string, task: AcceptedTask, { settings, quirks }: SandboxState): MadeSolution | null {
  const given = settings.answer(task);
  if (typeof given === 'string') return givenSolution(given);
  const isMarked = markedParameters.some((name) => task.params[name] === unsolvableMarker);
  return given === null || isMarked ? null : makeSolution(id, task, quirks);
}

/** The checks in the service's order: key and balance, parameters, rate and threads. */
function refusalOf(request: RequestParameters, isAtOnce: boolean, state: SandboxState): string | null {
  const { settings, store, abuse, quirks } = state;
  const fullCode = quirks.has('zero-balance-when-full') ? 'ERROR_ZERO_BALANCE' : 'ERROR_NO_SLOT_AVAILABLE';
  return (
    keyRefusal(request.values['key'], state) ??
    (Number(settings.balance) <= 0 ? 'ERROR_ZERO_BALANCE' : null) ??
    parameterRefusal(request, quirks, isAtOnce) ??
    abuse?.submitRefusal() ??
    (store.counts().workingThreads >= settings.threads ? fullCode : null)
  );
}

/** Accepts a submission: returns the task, or the code that refuses it. */
function takeIn(request: RequestParameters, isAtOnce: boolean, state: SandboxState): SandboxTask | string {
  const { settings, store, abuse, counters } = state;
  const refusal = refusalOf(request, isAtOnce, state);
  if (refusal !== null) {
    abuse?.recordRefusal(refusal);
    return refusal;
  }
  const params = Object.fromEntries(Object.entries(request.values).filter(([name]) => name !== 'key'));
  const method = methodOf(request);
  const [min, max] = settings.latencyMs;
  const task = store.accept({
    method,
    solve: (id) => solve(id, { method, params }, state),
    latencyMs: min + settings.random() * (max - min),
    fingerprint: fingerprintOf(params, request.upload),
  });
  counters.recordAccepted(method);
  if (params['pingback']) void sendPingback(task, params['pingback'], state);
  return task;
}

/** Answers `in.php`: the id of the accepted task, or a code. */
export function answerSubmission(request: RequestParameters, state: SandboxState): Reply {
  const taken = takeIn(request, false, state);
  if (typeof taken === 'string') return refused(taken);
  const isNumber = taken.method === 'userrecaptcha' && state.quirks.has('numeric-ids');
  return accepted(isNumber ? Number(taken.id) : taken.id, `OK|${taken.id}`);
}

/** Answers `solve.php`, which takes images only: the solution itself, once it is ready. */
export async function answerSolve(request: RequestParameters, state: SandboxState): Promise<Reply> {
  const taken = takeIn(request, true, state);
  if (typeof taken === 'string') return refused(taken);
  await waitUntil(taken.readyAtMs, state.settings.clock, state.closing);
  return solutionReply(taken);
}
