import { readFile, stat } from 'node:fs/promises';
import { UsageError } from '../domain/errors.ts';
import { hasInvisible } from '../domain/written-name.ts';
import { isBlockingFile } from './find-config-file.ts';
import type { Config } from './schema.ts';
import type { KeyCommand } from './schema/api.ts';

const withoutAccount = 'To test without an account, add --sandbox.';
const howToSetIt = `Set CAPTCHAAI_API_KEY, or set CAPTCHAAI_API_KEY_FILE to the path of a file with the key. ${withoutAccount}`;
/** Waits shorter than this are not reported. */
const maxWaitMs = 1_000;
const controlCharacter = /\p{Cc}/u;
/** No service has longer ones; a file that is longer is another file. */
const maxKeyLength = 4_096;
/** Blanks around the key count, too. */
const maxFileBytes = 64 * 1024;

/** What is written around a key by mistake. */
const mistakes: readonly (readonly [RegExp, string, string])[] = [
  [
    /^(?:export\s+)?CAPTCHAAI_API_KEY\s*=/,
    'contains the name of the variable too',
    'It must contain only the key, without CAPTCHAAI_API_KEY=.',
  ],
  [
    /^["'`\u2018-\u201f]|["'`\u2018-\u201f]$/,
    'has quotes around the key',
    'Remove them: docker --env-file, for example, takes quotes as part of the value.',
  ],
  [/\\[rn]$/, 'ends with a line end that is written as text (\\n)', 'Remove it.'],
];

/** The key in a text, which never shows in a message: what stands there may be a key, whole or in part. */
function keyIn(text: string, source: string): string {
  const key = text.trim();
  if (key === '') throw new UsageError(`${source} is empty`, howToSetIt);
  if (key.includes('\n')) throw new UsageError(`${source} has more than one line`, 'It must contain only the key.');
  if (key.length > maxKeyLength) throw new UsageError(`${source} is too long for a key`, howToSetIt);
  if (controlCharacter.test(key)) {
    throw new UsageError(`${source} contains control characters`, 'It must contain only the key, as plain text.');
  }
  const [, wrong, fix] = mistakes.find(([pattern]) => pattern.test(key)) ?? [];
  if (wrong !== undefined) throw new UsageError(`${source} ${wrong}`, fix);
  const invisible = Array.from(key).find(hasInvisible);
  if (invisible !== undefined) {
    const code = invisible.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    throw new UsageError(
      `${source} contains an invisible character (U+${code})`,
      'Type the key, or copy it again as plain text.',
    );
  }
  return key;
}

/** A path is shown only where it can be no key that was put in the wrong place. */
function describeFile(path: string, source: string): string {
  return /[\\/]/.test(path) ? `the key file ${path} (${source})` : `the key file that ${source} names`;
}

/** 0 for a pipe, and for a file that cannot be looked at. */
async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

type LogMessage = (text: string) => void;

/** Reports after a while what the program waits for: the writer of a pipe and a key command can be slow. */
async function withNotice(reading: Promise<string>, notice: () => void): Promise<string> {
  const timer = setTimeout(notice, maxWaitMs);
  try {
    return await reading;
  } finally {
    clearTimeout(timer);
  }
}

async function keyInFile(path: string, source: string, log: LogMessage): Promise<string> {
  if (path === '') throw new UsageError(`${source} is empty`, howToSetIt);
  const file = describeFile(path, source);
  if (isBlockingFile(path)) {
    throw new UsageError(
      `${file} is not a regular file`,
      'Write the key to a file, or pass it as <(command) or /dev/stdin.',
    );
  }
  const size = await sizeOf(path);
  if (size > maxFileBytes) throw new UsageError(`${file} is too long for a key`, howToSetIt);
  const notice = (): void => log(`waiting for the key from ${file}`);
  const text = await withNotice(readFile(path, 'utf8'), notice).catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(`${file} cannot be read: ${code}`, howToSetIt);
  });
  return keyIn(text, file);
}

async function keyOfCommand(keyCommand: KeyCommand, log: LogMessage): Promise<string> {
  // Most runs have no key command.
  const { runKeyCommand } = await import('./key-command.ts');
  const notice = (): void => log('waiting for the key from the key command (api.keyCommand)');
  return keyIn(await withNotice(runKeyCommand(keyCommand), notice), 'the output of the key command (api.keyCommand)');
}

/** Reports files with another key, which are not used. Only regular files are read: a pipe can be read once. */
async function warnAboutOther(
  { key, used }: { readonly key: string; readonly used: string },
  files: Readonly<Record<string, string | null | undefined>>,
  log: LogMessage,
): Promise<void> {
  for (const [source, path] of Object.entries(files)) {
    const isFile = path !== null && path !== undefined && ((await stat(path).catch(() => null))?.isFile() ?? false);
    if (isFile && (await sizeOf(path)) > maxFileBytes) continue;
    const text = isFile ? await readFile(path, 'utf8').catch(() => '') : '';
    if (text.trim() === '' || text.trim() === key) continue;
    log(`warning: ${describeFile(path ?? '', source)} contains another key; ${used} is used`);
  }
}

/** Where the API key is read from. */
export type ApiKeySource =
  | { readonly type: 'variable'; readonly name: string }
  /** `named`: the variable or config key that says which file. */
  | { readonly type: 'file'; readonly path: string; readonly named: string }
  | { readonly type: 'command'; readonly keyCommand: KeyCommand; readonly named: string };

/** The source in words, for messages about the key. */
export function keySourceText(source: ApiKeySource): string {
  if (source.type === 'command') return `the key from ${source.named}`;
  return source.type === 'file' ? `the key in ${source.path} (${source.named})` : `the key in ${source.name}`;
}

/**
 * The first source that is set, which is the one that `loadApiKey` reads; null where none is: `CAPTCHAAI_API_KEY`, the
 * file that `CAPTCHAAI_API_KEY_FILE` or `api.keyFile` names, the variable that `api.keyEnv` names, `api.keyCommand`.
 * Without a configuration (`config` null) only the variables that need none are looked at.
 */
export function apiKeySource(config: Pick<Config, 'api'> | null, env: NodeJS.ProcessEnv): ApiKeySource | null {
  const { CAPTCHAAI_API_KEY: direct, CAPTCHAAI_API_KEY_FILE: file } = env;
  if (direct !== undefined) return { type: 'variable', name: 'CAPTCHAAI_API_KEY' };
  if (file !== undefined) return { type: 'file', path: file, named: 'CAPTCHAAI_API_KEY_FILE' };
  const { keyFile = null, keyEnv = '', keyCommand = null } = config?.api ?? {};
  if (keyFile !== null) return { type: 'file', path: keyFile, named: 'api.keyFile' };
  if (env[keyEnv] !== undefined) return { type: 'variable', name: keyEnv };
  return keyCommand === null ? null : { type: 'command', keyCommand, named: 'api.keyCommand' };
}

/** The files that would be read if the source were not set. */
function filesAfter(source: ApiKeySource, config: Pick<Config, 'api'>, env: NodeJS.ProcessEnv) {
  const { CAPTCHAAI_API_KEY_FILE } = env;
  const { keyFile } = config.api;
  if (source.type === 'variable' && source.name === 'CAPTCHAAI_API_KEY')
    return { CAPTCHAAI_API_KEY_FILE, 'api.keyFile': keyFile };
  return source.type === 'file' && source.named === 'CAPTCHAAI_API_KEY_FILE' ? { 'api.keyFile': keyFile } : {};
}

/** Reads the key from a source. Throws `UsageError`, which never shows what was read. */
async function readKey(source: ApiKeySource, env: NodeJS.ProcessEnv, log: LogMessage): Promise<string> {
  if (source.type === 'command') return keyOfCommand(source.keyCommand, log);
  if (source.type === 'file') return keyInFile(source.path, source.named, log);
  const { name } = source;
  return keyIn(env[name] ?? '', name === 'CAPTCHAAI_API_KEY' ? name : 'the variable that api.keyEnv names');
}

/**
 * The API key from the source that `apiKeySource` names. A source that is set decides, even where it is unusable: falling
 * through to the next would bill another account. `log` hears where a pipe or a command keeps the program waiting. Throws
 * `UsageError`, which never shows what was read.
 */
export async function loadApiKey(
  config: Pick<Config, 'api'>,
  env: NodeJS.ProcessEnv,
  log: LogMessage = () => undefined,
): Promise<string> {
  const source = apiKeySource(config, env);
  if (source === null) throw new UsageError('no API key is set', howToSetIt);
  const key = await readKey(source, env, log);
  const used = source.type === 'variable' ? source.name : source.named;
  await warnAboutOther({ key, used }, filesAfter(source, config, env), log);
  return key;
}

/**
 * The key that a source holds now. Null for one that cannot change or be read again: a variable or a pipe. Throws
 * `UsageError`, which never shows what was read.
 */
export async function rereadApiKey(source: ApiKeySource, env: NodeJS.ProcessEnv): Promise<string | null> {
  if (source.type === 'variable') return null;
  if (source.type === 'file' && (await stat(source.path).catch(() => null))?.isFile() === false) return null;
  return readKey(source, env, () => undefined);
}
