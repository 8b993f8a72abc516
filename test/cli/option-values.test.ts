import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command, type Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { someOf } from '../support/exhaustive.ts';
import { refusalOf } from './support/refusal.ts';
import { runIn } from './support/run-in.ts';

interface CommandModule {
  register(command: Command, runCommand: () => Promise<void>): void;
}

const folder = join(import.meta.dirname, '../../src/commands');
const files = new Map<string, CommandModule>();
for (const name of readdirSync(folder).filter((entry) => !entry.endsWith('.ts'))) {
  files.set(name, (await import(join(folder, name, 'command.ts'))) as CommandModule);
}

interface Declared {
  /** The words that select the command, such as `config show`. */
  readonly words: readonly string[];
  readonly command: Command;
}

/** Every command and subcommand, by the files that declare them. */
const declared: readonly Declared[] = [...files].flatMap(([name, file]) => {
  const command = new Command(name);
  file.register(command, async () => undefined);
  return [{ words: [name], command }, ...command.commands.map((sub) => ({ words: [name, sub.name()], command: sub }))];
});

const globals = ['--config', '--log-format'];
const globalSwitches = ['--json', '-q', '--quiet', '-v', '-vv', '-qv', '--no-color', '--sandbox', '-h', '--help'];
const flagOf = ({ long, short }: Option): string => long ?? short ?? '';

interface Case {
  readonly words: readonly string[];
  readonly flag: string;
  /** All options of the command. */
  readonly all: readonly string[];
}

const taking = (command: Command, kind: 'required' | 'optional'): string[] =>
  command.options.filter((option) => option[kind]).map(flagOf);

const cases: readonly Case[] = declared.flatMap(({ words, command }) => {
  const all = [...command.options.map(flagOf), ...globals, ...globalSwitches, '-V', '--version', '--config=x'];
  return [...taking(command, 'required'), ...globals].map((flag) => ({ words, flag, all }));
});
const table = cases.map(({ words, flag, all }) => [words.join(' '), flag, all] as const);

describe('an option that takes a value', () => {
  it('is checked in every command', () => {
    expect(declared.map(({ words }) => words.join(' '))).toEqual(
      expect.arrayContaining(['solve', 'batch', 'budget log']),
    );
    expect(cases.length).toBeGreaterThan(80);
  });

  it.each(table)('of %s, %s, does not take another option as its value', async (words, flag, all) => {
    for (const next of someOf(all, (option) => option === all[0] || ['--json', '-V', '--config=x'].includes(option))) {
      const refusal = await refusalOf(() => runIn([...words.split(' '), flag, next, 'more']));
      const hint = `to use it as the value, write ${flag}=${next}`;
      expect(refusal).toBe(`${flag} needs a value, but the next word is the option ${next} | ${hint}`);
    }
  });

  it.each(table)('of %s, %s, is refused when it is empty', async (words, flag) => {
    const refusal = `${flag} has an empty value | set a value, or omit the option`;
    expect(await refusalOf(() => runIn([...words.split(' '), flag, '']))).toBe(refusal);
    expect(await refusalOf(() => runIn([...words.split(' '), `${flag}=`]))).toBe(refusal);
  });

  it('may come before the command', async () => {
    const refusal = 'the next word is the option --no-submit';
    expect(await refusalOf(() => runIn(['--config', '--no-submit', 'solve']))).toContain(refusal);
    expect(await refusalOf(() => runIn(['--config', 'solve', 'batch', 'a', '--out', '--json']))).toContain('--json');
  });

  it.each([
    ['--', '--, which ends the options'],
    ['--dryrun', '--dryrun (did you mean the option --dry-run?)'],
    ['--dry_run', '--dry_run (did you mean the option --dry-run?)'],
  ])('is not followed by %s', async (next, what) => {
    const refusal = await refusalOf(() => runIn(['batch', 'a.csv', '--out', next]));
    expect(refusal).toContain(`--out needs a value, but the next word is ${what}`);
  });
});

describe('a value', () => {
  /** The options parsed from the words. */
  const understood = async (name: 'solve' | 'balance' | 'health', words: readonly string[]): Promise<object> => {
    let flags = {};
    const command = new Command(name).exitOverride();
    const keep = async (_run: unknown, read: object): Promise<void> => void (flags = read);
    files.get(name)!.register(command, keep as () => Promise<void>);
    const { checkValues } = await import('../../src/cli/option-values.ts');
    checkValues(words, [command]);
    await command.parseAsync(words, { from: 'user' });
    return flags;
  };

  it.each([
    ['--sitekey=--no-submit', { sitekey: '--no-submit', submit: true }],
    ['--sitekey --unlike-any', { sitekey: '--unlike-any', submit: true }],
    ['--sitekey -x', { sitekey: '-x', submit: true }],
    ['--param a= --param b=-1', { param: ['a=', 'b=-1'], submit: true }],
    ['--param-file - image.png', { paramFile: '-', file: 'image.png', submit: true }],
    ['--region eu -- --no-submit', { region: 'eu', file: '--no-submit', submit: true }],
    ['-', { file: '-', submit: true }],
  ])('is parsed as before in solve %s', async (line, flags) => {
    expect(await understood('solve', line.split(' '))).toEqual(flags);
  });

  it('may be a negative number', async () => {
    expect(await understood('balance', ['--min', '-5'])).toEqual({ min: '-5' });
  });

  it.each([
    ['--watch --prometheus', { watch: true, prometheus: true }],
    ['--watch', { watch: true }],
    ['--watch 10s --prometheus', { watch: '10s', prometheus: true }],
  ])('that is optional is parsed: health %s', async (line, flags) => {
    expect(await understood('health', line.split(' '))).toEqual(flags);
  });

  it.each(declared.flatMap(({ words, command }) => taking(command, 'optional').map((flag) => [words.join(' '), flag])))(
    'that is optional is not empty: %s %s',
    async (words, flag) => {
      expect(await refusalOf(() => runIn([...words.split(' '), flag, '']))).toMatch(`${flag} has an empty value`);
    },
  );
});
