import type { Medium } from './image.ts';

/**
 * The wire parameters of each method: one row per method. Sources: CaptchaAI's API pages and example packs for the
 * first block, 2captcha's public clients for the second, whose support at CaptchaAI is unconfirmed.
 */
export interface Method {
  readonly method: string;
  /**
   * Restricts the row to tasks with this parameter value, such as `version=v3`, or with any value (null); restricted rows
   * come first.
   */
  readonly when: readonly [name: string, value: string | null] | null;
  /** Wire name of the site key; null if there is none. */
  readonly siteKeyName: string | null;
  /** Required wire names, the site key's included. `proxy` and `proxytype` may come from a region. */
  readonly required: readonly string[];
  /** Optional wire names, without `commonParameters`. */
  readonly optional: readonly string[];
  /**
   * The ages at which to poll while no solve time of the method is known, in ms; then each interval. Measured: machines
   * solve an image in under a second, a token in a few seconds.
   */
  readonly coldStartMs: readonly number[];
  /** The service's recommended minimum interval between polls, in ms. */
  readonly intervalMs: number;
  /** Lifetime of a solution in ms, the shortest of the sources; null if it never expires. */
  readonly lifetimeMs: number | null;
  /** The content of its `body` or file; null if it takes none, or if that is unknown. */
  readonly medium: Medium | null;
  /** The wire name of that content. */
  readonly bodyName: string;
  /** Wire names of inputs that the page issues for a single submission: a second one cannot be solved. */
  readonly singleUse: readonly string[];
}

const tokenColdStartMs = [3_000, 5_000];
const imageColdStartMs = [1_000, 2_500, 5_000];

type Row = Pick<Method, 'method' | 'required'> & Partial<Method>;

function row(special: Row): Method {
  const defaults = {
    when: null,
    siteKeyName: null,
    coldStartMs: tokenColdStartMs,
    intervalMs: 5_000,
    lifetimeMs: 120_000,
  };
  return { ...defaults, medium: null, bodyName: 'body', singleUse: [], optional: [], ...special };
}

/** The row with further optional names. */
function taking(method: Method, ...optional: string[]): Method {
  return { ...method, optional };
}

/** A method with a site key under `name` and a page; `more` are further required names. */
function keyed(method: string, name: string, ...more: string[]): Method {
  return row({ method, siteKeyName: name, required: ['pageurl', name, ...more] });
}

function image(method: string, ...required: string[]): Method {
  return row({ method, required, coldStartMs: imageColdStartMs, lifetimeMs: null, medium: 'image' });
}

/** Google's own pages issue it with every page view; 2captcha's clients call it `datas`. */
const recaptchaSingleUse = { singleUse: ['data-s', 'datas'] };

const recaptcha = ['invisible', 'enterprise', 'version', 'action', 'min_score', 'data-s', 'domain'];

/** CaptchaAI's quick reference writes `minLen`, all other sources `min_len`. */
const textLimits = ['min_len', 'max_len', 'minLen', 'maxLen'];
const clicks = ['min_clicks', 'max_clicks'];
const grid = ['img_type', 'recaptcha', 'grid_size', 'recaptcharows', 'recaptchacols', 'previousID', 'can_no_answer'];
const instructions = ['textinstructions', 'imginstructions', 'instructions', 'language', 'lang'];
const picture = [
  'phrase',
  'regsense',
  'numeric',
  'calc',
  'canvas',
  'coordinatescaptcha',
  ...textLimits,
  ...grid,
  ...clicks,
];

const blsImages = Array.from({ length: 9 }, (_, index) => `image_base64_${index + 1}`);

const methods: readonly Method[] = [
  // The solution contains a user agent besides the token.
  { ...taking(keyed('userrecaptcha', 'googlekey'), ...recaptcha), when: ['enterprise', '1'], ...recaptchaSingleUse },
  { ...taking(keyed('userrecaptcha', 'googlekey'), ...recaptcha), ...recaptchaSingleUse },
  taking(keyed('turnstile', 'sitekey'), 'action', 'data', 'pagedata'),
  row({
    method: 'cloudflare_challenge',
    required: ['pageurl', 'proxy', 'proxytype'],
    lifetimeMs: 900_000,
  }),
  row({
    method: 'geetest',
    when: ['version', '4'],
    siteKeyName: 'gt',
    required: ['pageurl', 'gt'],
    optional: ['version'],
    lifetimeMs: 60_000,
  }),
  row({
    method: 'geetest',
    siteKeyName: 'gt',
    required: ['pageurl', 'gt', 'challenge'],
    optional: ['api_server', 'offline', 'new_captcha'],
    lifetimeMs: 60_000,
    singleUse: ['challenge'],
  }),
  taking(image('base64', 'body'), ...picture, ...instructions),
  // A question in words, without an image.
  row({
    method: 'post',
    when: ['textcaptcha', null],
    required: ['textcaptcha'],
    optional: ['language', 'lang'],
    lifetimeMs: null,
  }),
  taking(image('post', 'file'), ...picture, ...instructions),
  row({
    method: 'bls',
    coldStartMs: imageColdStartMs,
    required: [],
    optional: ['sitekey', 'pageurl', 'body', 'code', ...instructions, ...blsImages],
    lifetimeMs: null,
    medium: 'image',
  }),
  taking(keyed('captchafox', 'sitekey', 'proxy', 'proxytype'), 'api_server'),
  keyed('friendly_captcha', 'sitekey'),
  taking(keyed('lemin', 'captcha_id'), 'div_id', 'api_server'),
  { ...taking(keyed('hcaptcha', 'sitekey'), 'invisible', 'data', 'rqdata', 'domain'), singleUse: ['rqdata', 'data'] },

  row({
    method: 'geetest_v4',
    siteKeyName: 'captcha_id',
    required: ['pageurl', 'captcha_id'],
    optional: ['risk_type', 'api_server'],
    lifetimeMs: 60_000,
  }),
  { ...taking(keyed('funcaptcha', 'publickey'), 'surl', 'data', 'data[blob]'), singleUse: ['data[blob]', 'data'] },
  row({
    method: 'keycaptcha',
    required: ['pageurl', 's_s_c_user_id', 's_s_c_session_id', 's_s_c_web_server_sign', 's_s_c_web_server_sign2'],
  }),
  taking(keyed('capy', 'captchakey'), 'api_server', 'version'),
  taking(keyed('amazon_waf', 'sitekey', 'iv', 'context'), 'challenge_script', 'captcha_script'),
  keyed('mt_captcha', 'sitekey'),
  keyed('yandex', 'sitekey'),
  keyed('prosopo', 'sitekey'),
  keyed('basilisk', 'sitekey'),
  keyed('cutcaptcha', 'misery_key', 'api_key'),
  row({ method: 'datadome', required: ['pageurl', 'captcha_url', 'userAgent', 'proxy', 'proxytype'] }),
  keyed('cybersiara', 'master_url_id', 'userAgent'),
  keyed('tencent', 'app_id'),
  keyed('atb_captcha', 'app_id', 'api_server'),
  row({ method: 'vkcaptcha', required: ['redirect_uri', 'userAgent', 'proxy', 'proxytype'] }),
  image('vkimage', 'body', 'steps'),
  row({ method: 'altcha', required: ['pageurl'], optional: ['challenge_url', 'challenge_json'] }),
  keyed('binance', 'sitekey', 'validate_id'),
  keyed('yidun', 'sitekey'),
  keyed('alibaba', 'scene_id', 'prefix'),
  row({ method: 'hunt', required: ['pageurl', 'api_get_lib'] }),
  row({ method: 'tspd', required: ['pageurl', 'tspd_cookie', 'html_page_base64', 'proxy', 'proxytype'] }),
  { ...image('audio', 'body', 'lang'), medium: 'audio', coldStartMs: tokenColdStartMs },
  taking(image('rotatecaptcha', 'body'), 'angle', ...instructions),
  { ...image('bounding_box', 'image', 'instructions'), bodyName: 'image' },
  image('temuimage', 'body', 'part1', 'part2', 'part3'),
];

const unknown = (method: string): Method => row({ method, siteKeyName: 'sitekey', required: [] });

/** The row for a method and its parameters. An unknown method has no requirements: the service may know it. */
export function findMethod(method: string, params: Readonly<Record<string, string>>): Method {
  const fits = (candidate: Method): boolean => {
    if (candidate.method !== method || candidate.when === null) return candidate.method === method;
    const [name, value] = candidate.when;
    return value === null ? (params[name] ?? '') !== '' : params[name] === value;
  };
  return methods.find(fits) ?? unknown(method);
}

/** Names that a required one may have instead: the sources spell it differently, or it has several forms. */
const substitutes: Readonly<Record<string, readonly string[]>> = {
  userAgent: ['useragent'],
  instructions: ['textinstructions', 'imginstructions'],
};

/** The names of which a method needs one, for a required name. */
export function acceptedNames(required: string): readonly string[] {
  return [required, ...(substitutes[required] ?? [])];
}

/** Names that other clients give to a method, by which they mean its rows with this parameter. */
const aliases: Readonly<Record<string, { readonly method: string; readonly parameter: string }>> = {
  textcaptcha: { method: 'post', parameter: 'textcaptcha' },
};

/** What a name of a method stands for; null if it stands for itself. */
export function aliasOf(name: string): { readonly method: string; readonly parameter: string } | null {
  return Object.hasOwn(aliases, name) ? (aliases[name] ?? null) : null;
}

/** The whole table. A method with several rows has the general one last. */
export function allMethods(): readonly Method[] {
  return methods;
}

/** The names of all methods in the table. */
export function knownMethods(): readonly string[] {
  return [...new Set(methods.map(({ method }) => method))];
}

/** Parameters that every method accepts. */
export const commonParameters: readonly string[] = [
  'pageurl',
  'proxy',
  'proxytype',
  'cookies',
  'userAgent',
  'useragent',
  'pingback',
  'soft_id',
  'header_acao',
];

/** All documented parameter names of all methods. */
export function documentedParameters(): ReadonlySet<string> {
  const own = methods.flatMap(({ required, optional, siteKeyName }) => [...required, ...optional, siteKeyName ?? []]);
  return new Set([...commonParameters, ...own.flat()]);
}

/** All wire names of site keys. */
export function siteKeyNames(): ReadonlySet<string> {
  return new Set(methods.flatMap(({ siteKeyName }) => siteKeyName ?? []));
}
