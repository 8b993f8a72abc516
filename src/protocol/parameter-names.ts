import { closestName } from '../domain/closest-name.ts';
import { foldedName } from '../domain/written-name.ts';

/** Folded names in other clients and services, above all those of createTask, with our names for them. */
const namesOfOtherServices: Readonly<Record<string, string>> = {
  websiteurl: 'pageurl',
  siteurl: 'pageurl',
  targeturl: 'pageurl',
  url: 'pageurl',
  link: 'pageurl',
  page: 'pageurl',
  websitekey: 'sitekey',
  websitepublickey: 'sitekey',
  recaptchakey: 'sitekey',
  type: 'method',
  captchatype: 'method',
  tasktype: 'method',
  imagebase64: 'body',
  base64: 'body',
  filename: 'file',
  filepath: 'file',
  imagefile: 'file',
  isinvisible: 'invisible',
  isenterprise: 'enterprise',
  recaptchadatasvalue: 'data-s',
  cdata: 'data',
  chlpagedata: 'pagedata',
  callbackurl: 'pingback',
  funcaptchaapijssubdomain: 'surl',
  geetestchallenge: 'challenge',
  geetestapiserversubdomain: 'api_server',
  casesensitive: 'regsense',
  minlength: 'min_len',
  maxlength: 'max_len',
};

/** Shorter names resemble too many words. */
const minGuessedLength = 5;

/** Our name that a foreign or mistyped one most likely means; null if none is close. */
export function meantName(written: string, known: readonly string[]): string | null {
  const folded = foldedName(written);
  const ourName = Object.hasOwn(namesOfOtherServices, folded) ? namesOfOtherServices[folded] : undefined;
  if (ourName !== undefined) return ourName;
  if (folded.length < minGuessedLength) return null;
  const near = new Map(
    known.map((name) => [foldedName(name), name] as const).filter(([name]) => name.length >= minGuessedLength),
  );
  const found = closestName(folded, [...near.keys()], folded.length < 7 ? 1 : 2);
  return found === null ? null : (near.get(found) ?? null);
}

const proxyLike = /^(https?|socks[45]?)?prox(y|ies)/;

/** True if a name means (a part of) a proxy but is not ours: `proxyAddress`, `proxyPort`, `http_proxy`. */
export function isForeignProxy(written: string): boolean {
  const folded = foldedName(written);
  return proxyLike.test(folded) && folded !== 'proxy' && folded !== 'proxytype';
}
