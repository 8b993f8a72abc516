import type { Command, Option } from 'commander';
import { closestName } from '../domain/closest-name.ts';
import { UsageError } from '../domain/errors.ts';

/** Looks like an option to commander, whether it is one or not. */
const isDashed = (word: string): boolean => word.length > 1 && word.startsWith('-');

/** Every option that can stand behind a command: its own, those of its subcommands, and those of the program. */
class KnownOptions {
  readonly #byFlag = new Map<string, Option>();

  constructor(commands: readonly Command[]) {
    const help = commands.map((command) => command.createOption('-h, --help'));
    for (const option of [...commands.flatMap(({ options }) => options), ...help]) {
      for (const flag of [option.short, option.long]) {
        if (flag !== undefined && !this.#byFlag.has(flag)) this.#byFlag.set(flag, option);
      }
    }
  }

  /** The option that a word is as a whole. */
  find(word: string): Option | undefined {
    return this.#byFlag.get(word);
  }

  /** The flag with which a word begins: alone, with its value (`--out=x`), or as the first of a group (`-qv`). */
  flagOf(word: string): string | null {
    const flag = word.startsWith('--') ? word.replace(/=.*/s, '') : word.slice(0, 2);
    return this.#byFlag.has(flag) ? flag : null;
  }

  /** The flag that a mistyped word most likely means; null where none is near. */
  meantBy(word: string): string | null {
    if (!/^--[a-z]{3}/i.test(word)) return null;
    const long = [...this.#byFlag.keys()].filter((flag) => flag.startsWith('--'));
    return closestName(word.replace(/=.*/s, ''), long);
  }
}

function forgotten(flag: string, next: string, what: string): UsageError {
  return new UsageError(
    `${flag} needs a value, but the next word is ${what}`,
    `to use it as the value, write ${flag}=${next}`,
  );
}

function checkValue(flag: string, value: string, known: KnownOptions): void {
  if (value === '') throw new UsageError(`${flag} has an empty value`, 'set a value, or omit the option');
  if (value === '--') throw forgotten(flag, value, '--, which ends the options');
  if (!isDashed(value)) return;
  const found = known.flagOf(value);
  if (found !== null) throw forgotten(flag, value, `the option ${value}`);
  const meant = known.meantBy(value);
  if (meant !== null) throw forgotten(flag, value, `${value} (did you mean the option ${meant}?)`);
}

/**
 * Throws `UsageError` for an option without its value: where the next word is an option itself, and where the value is
 * empty. Commander would take the next word whatever it is, so that `--out --dry-run` writes a file of that name and
 * submits for real; an unset variable of a shell is enough for it. `--out=--dry-run` says that it is meant.
 */
export function checkValues(words: readonly string[], commands: readonly Command[]): void {
  const known = new KnownOptions(commands);
  const end = words.indexOf('--');
  for (let at = 0; at < words.length && (end === -1 || at < end); at += 1) {
    const word = words[at] ?? '';
    const next = words[at + 1];
    const option = known.find(word);
    if (word.trim() === '') throw new UsageError('an argument is empty', 'set a value, or omit the argument');
    if (option === undefined) {
      const flag = /^--[^=]+(?==$)/.exec(word)?.[0];
      if (flag !== undefined && known.find(flag) !== undefined) checkValue(flag, '', known);
    } else if (next !== undefined && option.required) {
      checkValue(word, next, known);
      at += 1;
    } else if (next !== undefined && option.optional && !isDashed(next)) {
      checkValue(word, next, known);
      at += 1;
    }
  }
}

const keyFlag = /^--?(?:captchaai[-_]?)?(?:(?:api|client|user)[-_]?)?(?:key|token)(?:=|$)/i;

/** Throws `UsageError` for an option that passes the API key, without its value. */
export function checkNoKey(words: readonly string[], commands: readonly Command[]): void {
  const known = new KnownOptions(commands);
  const end = words.indexOf('--');
  const given = words.slice(0, end === -1 ? words.length : end);
  if (!given.some((word) => keyFlag.test(word) && known.flagOf(word) === null)) return;
  throw new UsageError(
    'the API key is never a flag: every user of this machine could read it in the list of processes',
    'set CAPTCHAAI_API_KEY, or CAPTCHAAI_API_KEY_FILE to the path of a file with the key',
  );
}

/** True if messages are to be JSON. It is looked up before the command line is known to be valid. */
export function wantsJsonLogs(words: readonly string[]): boolean {
  return words.some(
    (word, at) => word === '--log-format=json' || (word === '--log-format' && words[at + 1] === 'json'),
  );
}

/** The words from the first one on that is no option and no option's value, a command's name for example; empty for none. */
export function fromFirstOperand(words: readonly string[], commands: readonly Command[]): readonly string[] {
  const known = new KnownOptions(commands);
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') return words.slice(at + 1);
    if (!isDashed(word)) return words.slice(at);
    const option = known.find(word);
    const next = words[at + 1];
    if (option?.required === true || (option?.optional === true && next !== undefined && !isDashed(next))) at += 1;
  }
  return [];
}

/** Whether a word in front of the first operand is no known option: what follows it may be its value. */
export function hasUnknownOption(words: readonly string[], commands: readonly Command[]): boolean {
  const known = new KnownOptions(commands);
  const inFront = words.slice(0, words.length - fromFirstOperand(words, commands).length);
  return inFront.some((word) => isDashed(word) && word !== '--' && known.find(word) === undefined);
}
