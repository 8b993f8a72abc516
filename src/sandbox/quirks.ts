/**
 * Behaviour of real services that some clients cannot handle, with a phrase for people. By default the sandbox behaves as
 * the clients of CaptchaAI and 2captcha expect.
 */
export const quirks = {
  'numeric-ids': 'the id of a reCAPTCHA task is a JSON number',
  'only-result': 'Enterprise and Cloudflare solutions are in "result" only, not in "request" too',
  'bare-geetest': 'a GeeTest v3 solution has no envelope',
  'object-geetest': 'a GeeTest v3 solution is an object, not JSON in a string',
  'no-hcaptcha': 'hcaptcha is refused',
  'any-proxytype': 'proxytype may be in lower case, and SOCKS is accepted for every method',
  'no-threadsinfo': 'the action threadsinfo is unknown',
  'zero-balance-when-full': 'a submission without a free thread gets ERROR_ZERO_BALANCE',
  'error-text': 'an error in JSON has an explanation in "error_text"',
  'self-signed': 'https with a self-signed certificate',
  'block-rules': 'an address that sends too many requests, or five wrong keys, is blocked',
  'pingback-drop': 'no pingback is sent',
  'pingback-twice': 'every pingback is sent twice',
} as const;

export type Quirk = keyof typeof quirks;

/** The names of all quirks. */
export const quirkNames = Object.keys(quirks) as readonly Quirk[];
