import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { CommandRunner } from '../../src/cli/context.ts';
import { commands } from '../../src/commands/command-list.ts';
import { refusalOf } from './support/refusal.ts';
import { runIn } from './support/run-in.ts';

const names = commands.map(({ name }) => name);

async function register(name: string, command: Command, runCommand: CommandRunner): Promise<void> {
  const row = commands.find((each) => each.name === name);
  (await row!.load()).register(command, runCommand);
}

/** The flags that a command passes to its work for these arguments. */
async function flagsOf(name: string, args: readonly string[]): Promise<unknown> {
  let understood: unknown = 'nothing';
  const command = new Command(name).exitOverride();
  const runCommand: CommandRunner = async (_run, flags) => {
    understood = flags;
  };
  await register(name, command, runCommand);
  await command.parseAsync(args, { from: 'user' });
  return understood;
}

describe('the command line', () => {
  it.each<[string, string[], object]>([
    ['solve', [], { submit: true }],
    ['solve', ['image.png'], { submit: true, file: 'image.png' }],
    ['solve', ['-'], { submit: true, file: '-' }],
    ['solve', ['--method', 'turnstile'], { submit: true, method: 'turnstile' }],
    ['solve', ['--sitekey', '0x4AAA'], { submit: true, sitekey: '0x4AAA' }],
    ['solve', ['--pageurl', 'https://example.com/?a=b'], { submit: true, pageurl: 'https://example.com/?a=b' }],
    ['solve', ['--page-action', 'login'], { submit: true, pageAction: 'login' }],
    ['solve', ['--param', 'a=1', '--param', 'b=2'], { submit: true, param: ['a=1', 'b=2'] }],
    ['solve', ['--param-file', 'proxy.json'], { submit: true, paramFile: 'proxy.json' }],
    ['solve', ['--timeout', '90s'], { submit: true, timeout: '90s' }],
    ['solve', ['--max-attempts', '1'], { submit: true, maxAttempts: '1' }],
    ['solve', ['--region', 'eu-west-1'], { submit: true, region: 'eu-west-1' }],
    ['solve', ['--via', 'direct'], { submit: true, via: 'direct' }],
    ['solve', ['--budget', '10/s'], { submit: true, budget: '10/s' }],
    ['solve', ['--wait-for-budget'], { submit: true, waitForBudget: true }],
    ['solve', ['--allow-fast-polling'], { submit: true, allowFastPolling: true }],
    ['solve', ['--no-submit'], { submit: false }],
    ['result', ['71'], { ids: ['71'], wait: true }],
    ['result', ['72', '71'], { ids: ['72', '71'], wait: true }],
    ['result', ['71', '--timeout', '5s'], { ids: ['71'], wait: true, timeout: '5s' }],
    ['result', ['--no-wait', '71'], { ids: ['71'], wait: false }],
    ['result', ['--allow-fast-polling', '71'], { ids: ['71'], wait: true, allowFastPolling: true }],
    ['batch', ['tasks.csv'], { file: 'tasks.csv' }],
    ['route', ['a.de', 'b.fr', '--format', 'csv'], { urls: ['a.de', 'b.fr'], format: 'csv' }],
    [
      'route',
      ['--file', 'urls.txt', '--explain', '--health'],
      { urls: [], file: 'urls.txt', explain: true, health: true },
    ],
    ['health', ['--watch'], { watch: true }],
    ['health', ['--watch', '10s', '--timeout', '2s'], { watch: '10s', timeout: '2s' }],
    ['health', ['--prometheus'], { prometheus: true }],
    ['failover', ['--timeout', '2s'], { timeout: '2s' }],
    ['doctor', [], {}],
    ['balance', [], {}],
    ['balance', ['--min', '5'], { min: '5' }],
    ['balance', ['--min', '-5'], { min: '-5' }],
    ['threads', [], {}],
    ['report', ['good', '71'], { verdict: 'good', ids: ['71'] }],
    ['report', ['bad', '71', '72'], { verdict: 'bad', ids: ['71', '72'] }],
    ['config', ['show'], {}],
    ['config', ['validate'], {}],
    ['config', ['schema'], {}],
    ['sandbox', [], {}],
    ['sandbox', ['--port', '8080'], { port: '8080' }],
    ['sandbox', ['--latency', '2s-8s'], { latency: '2s-8s' }],
    ['sandbox', ['--fault', '503:0.1', '--fault', 'reset:0.1'], { fault: ['503:0.1', 'reset:0.1'] }],
    ['sandbox', ['--outage', '503:1s-2s', '--outage', 'hang:3s-4s'], { outage: ['503:1s-2s', 'hang:3s-4s'] }],
    ['sandbox', ['--threads', '20'], { threads: '20' }],
    ['sandbox', ['--regions', 'a,b'], { regions: 'a,b' }],
    ['sandbox', ['--key', 'k'], { key: 'k' }],
  ])('understands captcha %s %j', async (name, args, flags) => {
    expect(await flagsOf(name, args)).toEqual(flags);
  });

  it.each(names)('gives %s no flag that the program itself has', async (name) => {
    const command = new Command(name);
    await register(name, command, async () => undefined);
    const own = command.options.flatMap(({ short, long }) => [short, long]);
    const globals = ['--config', '--json', '-q', '--quiet', '-v', '--verbose', '--no-color', '--color', '--log-format'];
    const taken = [...globals, '--sandbox', '-h', '--help', '-V', '--version'];
    expect(own.filter((flag) => flag !== undefined && taken.includes(flag))).toEqual([]);
  });
});

const defaults = { config: null, json: false, sandbox: false };
const plain = { quiet: false, verbosity: 0, color: true, logFormat: 'text' };

describe('the flags of every command', () => {
  it.each([
    [[], {}, {}],
    [['--config', 'team.json'], { config: 'team.json' }, {}],
    [['--json'], { json: true }, {}],
    [['--sandbox'], { sandbox: true }, {}],
    [['-q'], {}, { quiet: true }],
    [['--quiet'], {}, { quiet: true }],
    [['-v'], {}, { verbosity: 1 }],
    [['-vv'], {}, { verbosity: 2 }],
    [['--verbose', '--verbose'], {}, { verbosity: 2 }],
    [['--no-color'], {}, { color: false }],
    [['--log-format', 'json'], {}, { logFormat: 'json' }],
    [['--log-format=text'], {}, { logFormat: 'text' }],
    [['-qv', '--json', '--sandbox'], { json: true, sandbox: true }, { quiet: true, verbosity: 1 }],
  ])('reads %j before and after the command', async (flags, globals, options) => {
    const expected = { exitCode: 0, globals: { ...defaults, ...globals }, options: { ...plain, ...options } };
    expect(await runIn([...flags, 'config', 'schema'])).toMatchObject(expected);
    expect(await runIn(['config', 'schema', ...flags])).toMatchObject(expected);
    expect(await runIn(['config', ...flags, 'schema'])).toMatchObject(expected);
  });

  it('adds up -v before and after the command', async () => {
    expect((await runIn(['-v', 'config', 'schema', '-v'])).options?.verbosity).toBe(2);
  });

  it('refuses an unknown log format', async () => {
    const refusal = await refusalOf(() => runIn(['--log-format', 'xml', 'config', 'schema']));
    expect(refusal).toBe('--log-format xml: unknown log format | use text or json');
  });
});

const usageHint = 'add --help to the command for its usage';

describe('a mistyped command line', () => {
  it.each([
    [['slove'], "unknown command 'slove' | did you mean solve?"],
    [['slove', '--help'], "unknown command 'slove' | did you mean solve?"],
    [['slove', '--method', 'turnstile'], "unknown command 'slove' | did you mean solve?"],
    [['resutl', '71'], "unknown command 'resutl' | did you mean result?"],
    [['config', 'shwo'], "unknown command 'config shwo' | did you mean show?"],
    [['budget', 'lgo'], "unknown command 'budget lgo' | did you mean log?"],
    [['budget', '--watch', '1s', 'lgo'], "unknown command 'budget lgo' | did you mean log?"],
    [['queue', 'shw', '--help'], "unknown command 'queue shw' | did you mean show?"],
    [['help', 'slove'], "unknown command or topic 'slove' | did you mean solve?"],
    [['help', 'exit-code'], "unknown command or topic 'exit-code' | did you mean exit-codes?"],
    [['help', 'queue', 'shw'], "unknown command 'queue shw' | did you mean show?"],
    [['solve', '--sitkey', 'x'], "unknown option '--sitkey' | did you mean --sitekey?"],
    [['solve', '--googlekey', 'x'], "unknown option '--googlekey' | did you mean --sitekey?"],
    [['solve', '--websiteURL=x'], "unknown option '--websiteURL=...' | did you mean --pageurl?"],
    [['solve', '--action', 'x'], "unknown option '--action' | did you mean --page-action?"],
    [['solve', '--enterprise', '1'], "unknown option '--enterprise' | did you mean --param enterprise=VALUE?"],
    [['--jsn', 'balance'], "unknown option '--jsn' | did you mean --json?"],
    [['balance', '--jsn'], "unknown option '--jsn' | did you mean --json?"],
    [['balance', '--hlep'], "unknown option '--hlep' | did you mean --help?"],
    [['balance', '--sandbx'], "unknown option '--sandbx' | did you mean --sandbox?"],
    [['report', 'god', '71'], 'god: unknown verdict | did you mean good?'],
    [['report', 'meh', '71'], 'meh: unknown verdict | known: good, bad'],
    [['balance', 'now'], `too many arguments for 'balance'. Expected 0 arguments but got 1. | ${usageHint}`],
    [['solve', 'a.png', 'b.png'], `too many arguments for 'solve'. Expected 1 argument but got 2. | ${usageHint}`],
    [['result'], `missing required argument 'ids' | ${usageHint}`],
    [['report', 'good'], `missing required argument 'ids' | ${usageHint}`],
    [['solve', '--method'], `option '--method <name>' argument missing | ${usageHint}`],
  ])('%j is refused with a suggestion', async (args, refusal) => {
    expect(await refusalOf(() => runIn(args))).toBe(refusal);
  });

  it('lists the commands if no name is close', async () => {
    expect(await refusalOf(() => runIn(['nothing', '--help']))).toMatch(/^unknown command 'nothing' \| known: solve, /);
  });

  it.each([
    [['--api-key=s3cret-key', 'balance']],
    [['balance', '--api-key=s3cret-key']],
    [['solve', '--api-key', 's3cret-key', 'image.png']],
    [['--apikey', 's3cret-key', 'balance']],
    [['balance', '--key=s3cret-key']],
    [['solve', '--token=s3cret-key']],
  ])('%j is told that the key is no flag, without the key', async (args) => {
    const refusal = await refusalOf(() => runIn(args));
    expect(refusal).toMatch(/^the API key is never a flag/);
    expect(refusal).not.toContain('s3cret');
  });

  it('does not repeat the value of an unknown option', async () => {
    const refusal = await refusalOf(() => runIn(['balance', "--proxy=user:it's s3cret@host"]));
    expect(refusal).toBe(`unknown option '--proxy=...' | ${usageHint}`);
  });

  it('prints help on stderr and exits 2 without a command', async () => {
    const { exitCode, out, err } = await runIn([]);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain('Usage: captcha [options] [command]');
  });

  it('prints the help of config and exits 2 without its second word', async () => {
    const { exitCode, err } = await runIn(['config']);
    expect(exitCode).toBe(2);
    expect(err).toContain('Usage: captcha config [options] [command]');
  });
});

const withHelp = [...names.map((name) => [name]), ['config', 'show'], ['config', 'validate'], ['config', 'schema']];

describe('help', () => {
  it.each([[['--help']], [['-h']], [['help']], [['balance', '--help', '--json']], [['-q', 'help']]])(
    '%j exits 0 and prints on stdout',
    async (args) => {
      const { exitCode, out, err } = await runIn(args);
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
      expect(out).toContain('Usage: captcha');
    },
  );

  it.each(withHelp)('of %s %s has at least two examples and the flags of every command', async (...words) => {
    const { exitCode, out } = await runIn([...words, '--help']);
    expect(exitCode).toBe(0);
    expect(out.match(/^ {2}\$ .*captcha/gm)?.length).toBeGreaterThanOrEqual(2);
    expect(out).toMatch(/Global options [^]*--sandbox/);
  });

  it.each(withHelp)('of %s %s is the same with the word help and with -h', async (...words) => {
    const { out } = await runIn([...words, '--help']);
    // `config` alone is a topic, too, which names the help page of the command.
    if (words.join(' ') !== 'config') expect((await runIn(['help', ...words])).out).toBe(out);
    expect((await runIn([...words, '-h'])).out).toBe(out);
  });

  it('of the program names every command and every exit code', async () => {
    const { out } = await runIn(['--help']);
    expect(names.filter((name) => !new RegExp(`^ {2}${name} `, 'm').test(out))).toEqual([]);
    expect([...out.matchAll(/^ {2}(\d+) {2}/gm)].map(([, code]) => Number(code))).toEqual([
      ...[0, 1, 2, 3, 4, 70, 74, 130, 141, 143],
    ]);
    expect(out.match(/^ {2}\$ captcha/gm)?.length).toBeGreaterThanOrEqual(2);
  });

  it.each([[['-V']], [['--version']], [['solve', '-V']]])('%j prints the version and exits 0', async (args) => {
    expect(await runIn(args)).toMatchObject({ exitCode: 0, out: '1.2.3\n', err: '' });
  });
});
