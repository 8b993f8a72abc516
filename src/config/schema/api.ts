import * as v from 'valibot';
import { baseUrl } from './locations.ts';
import { inMs, key, section } from './section.ts';
import { anyOf, duration, flag, integer, listOf, mustBeUnseen, nullOr, oneOf, text } from './values.ts';

const variableName = mustBeUnseen('the name of an environment variable in capitals (not the key itself)');

/** A key of CaptchaAI has 32 characters; a path that looks like this is not worth the risk to show the key. */
const looksLikeKey = (path: string): boolean => /^[\da-f]{32}$/i.test(path);
const noKeyItself = mustBeUnseen('the path of a file (not the key itself)');

/** The command that prints the API key. */
export interface KeyCommand {
  /** A command line for `/bin/sh`, or a program and its arguments. */
  readonly command: string | readonly string[];
  /** Its working directory; null for that of this process. */
  readonly folder: string | null;
}

const notACommand = mustBeUnseen('a command line, or a list of a program and its arguments (not the key itself)');
const commandLine = v.pipe(
  text('a command line', notACommand),
  v.check((line) => !looksLikeKey(line), notACommand),
);
const programAndArguments = v.pipe(
  listOf('texts', v.string(notACommand)),
  v.check(([program = '']) => program.trim() !== '' && !looksLikeKey(program), notACommand),
);

/** Where CaptchaAI answers. */
export const defaultBaseUrl = 'https://ocr.captchaai.com';

export const api = section('The service and the connection to it.', {
  baseUrl: key('Base URL of the service; a path prefix is allowed.', baseUrl(), defaultBaseUrl),
  allowHttp: key('Allows an http:// base URL on another machine. The API key is then sent unencrypted.', flag(), false),
  keyEnv: key(
    'Name of the environment variable with the API key. Used if neither CAPTCHAAI_API_KEY nor a key file is set.',
    v.pipe(v.string(variableName), v.regex(/^[A-Z_][A-Z\d_]*$/, variableName)),
    'CAPTCHAAI_API_KEY',
  ),
  keyFile: key(
    'Path of a file that contains only the API key, relative to the config file. Null: none.',
    nullOr(
      v.pipe(
        text('a path', mustBeUnseen('a path')),
        v.check((path) => !looksLikeKey(path), noKeyItself),
      ),
    ),
    null,
  ),
  keyCommand: key(
    'Command that prints the API key: a command line for the shell, or a list of a program and its arguments. Runs in the folder of the config file, if no other source is set. Null: none.',
    nullOr(
      v.pipe(
        anyOf<string | string[]>([commandLine, programAndArguments], notACommand),
        v.transform((command): KeyCommand => ({ command, folder: null })),
      ),
    ),
    null,
  ),
  timeout: inMs(key('Timeout of one request.', duration(), '30s')),
  syncImages: key(
    'Sends images to /solve.php, which answers with the solution. auto: at CaptchaAI, and where it has answered before.',
    oneOf('auto', 'on', 'off'),
    'auto',
  ),
  connections: key('Maximum number of open connections.', integer(1), 64),
});
