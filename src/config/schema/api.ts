import * as v from 'valibot';
import { baseUrl } from './locations.ts';
import { inMs, key, section } from './section.ts';
import { duration, flag, integer, mustBeUnseen, nullOr, text } from './values.ts';

const variableName = mustBeUnseen('the name of an environment variable in capitals (not the key itself)');

/** Where CaptchaAI answers. */
export const defaultBaseUrl = 'https://ocr.captchaai.com';

export const api = section('The service and how to reach it.', {
  baseUrl: key('Base URL of the service; a path prefix is allowed.', baseUrl(), defaultBaseUrl),
  allowHttp: key(
    'Allows an http:// base URL that is not this machine: the key then travels in the clear.',
    flag(),
    false,
  ),
  keyEnv: key(
    'The environment variable that holds the API key, read last.',
    v.pipe(v.string(variableName), v.regex(/^[A-Z_][A-Z\d_]*$/, variableName)),
    'CAPTCHAAI_API_KEY',
  ),
  keyFile: key(
    'A file that holds the API key and nothing else; relative to the config file. Null: none.',
    nullOr(text('a path', mustBeUnseen('a path'))),
    null,
  ),
  timeout: inMs(key('The longest that one request may take.', duration(), '30s')),
  connections: key('The most connections that are open at once.', integer(1), 64),
});
