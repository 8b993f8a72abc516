import { imageBytes, mediumOfBytes } from '../protocol/image.ts';
import { findMethod, knownMethods } from '../protocol/methods.ts';
import type { RequestParameters } from './request-parameters.ts';

const imageExtensions = new Set(['jpg', 'jpeg', 'png', 'gif']);
const imageParameters = new Set(['file', 'body']);
const proxyTypes = new Set(['HTTP', 'HTTPS', 'SOCKS4', 'SOCKS5']);
const proxyShape = /^(?:\S+@)?(?:\[[0-9a-f:.]+\]|[^@:\s/]+):\d{1,5}$/i;
const base64Shape = /^[A-Za-z0-9+/]+={0,2}$/;

/** A task that carries this as its site key, body or instructions is accepted and turns out to be unsolvable. */
export const unsolvableMarker = 'sandbox-unsolvable';

const isBlank = (value: string | undefined): boolean => value === undefined || value.trim() === '';

/** The method that a submission names; a file or a text CAPTCHA without one is `post`, as from a plain form. */
export function methodOf({ values, upload }: RequestParameters): string {
  const isPost = upload !== null || !isBlank(values['textcaptcha']);
  return values['method'] || (isPost ? 'post' : '');
}

function isPageUrl(text: string): boolean {
  return /^https?:\/\/[^\s/]/i.test(text) && URL.canParse(text);
}

function pageUrlRefusal({ values }: RequestParameters, required: readonly string[]): string | null {
  return required.includes('pageurl') && !isPageUrl(values['pageurl'] ?? '') ? 'ERROR_PAGEURL' : null;
}

function googleKeyRefusal({ values }: RequestParameters, required: readonly string[]): string | null {
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

function imageRefusal({ values, upload }: RequestParameters, required: readonly string[]): string | null {
  const name = required.find((candidate) => imageParameters.has(candidate));
  // A text CAPTCHA is a `post` without a file.
  if (name === undefined || !isBlank(values['textcaptcha'])) return null;
  if (upload !== null) return extensionRefusal(upload.name) ?? contentRefusal(upload.bytes);
  if (name === 'file') return 'ERROR_UPLOAD';
  if (isBlank(values['body'])) return 'ERROR_BAD_PARAMETERS';
  if (values['body'] === unsolvableMarker) return null;
  const body = (values['body'] ?? '').replace(/^data:[^,]*,/, '').replace(/\s+/g, '');
  return base64Shape.test(body) ? contentRefusal(Buffer.from(body, 'base64')) : 'ERROR_UPLOAD';
}

function requiredRefusal({ values }: RequestParameters, required: readonly string[]): string | null {
  const isMissing = (name: string): boolean => !imageParameters.has(name) && isBlank(values[name]);
  return required.some(isMissing) ? 'ERROR_BAD_PARAMETERS' : null;
}

function proxyRefusal({ values }: RequestParameters): string | null {
  const { proxy, proxytype } = values;
  const isWrong =
    (!isBlank(proxy) && !proxyShape.test(proxy ?? '')) ||
    (!isBlank(proxytype) && !proxyTypes.has((proxytype ?? '').toUpperCase()));
  return isWrong ? 'ERROR_BAD_PARAMETERS' : null;
}

const checks = [pageUrlRefusal, googleKeyRefusal, imageRefusal, requiredRefusal, proxyRefusal];

/** The code that a submission's parameters are refused with; null where they are right. */
export function parameterRefusal(request: RequestParameters, unsupportedMethods: readonly string[]): string | null {
  const method = methodOf(request);
  if (!knownMethods().includes(method) || unsupportedMethods.includes(method)) return 'ERROR_METHOD_CALL';
  const { required } = findMethod(method, request.values);
  for (const check of checks) {
    const refusal = check(request, required);
    if (refusal !== null) return refusal;
  }
  return null;
}
