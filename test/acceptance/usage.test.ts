import { describe, expect } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { commands } from '../../src/commands/command-list.ts';
import { it, turnstile, words } from './support/bench.ts';
import { firstRows } from '../support/exhaustive.ts';

const names = commands.map(({ name }) => name);

describe.concurrent('an invalid command line', () => {
  firstRows(it).for([
    ['sovle', 'solve'],
    ['solve --site-key x', '--sitekey'],
    ['solve --max-atempts 3', '--max-attempts'],
    ['result --nowait 7', '--no-wait'],
    ['config shwo', 'show'],
    ['--jsn balance', '--json'],
    ['balance --jsn', '--json'],
    ['report godo 7', 'good'],
  ] as const)('captcha %s ends with 2 and suggests %s', async ([line, hint], { bench }) => {
    const { code, stdout, stderr } = await bench.run(words(line), { config: null });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(hint);
  });

  /** The first three stand for the others. */
  firstRows(it, 3).for([
    'solve',
    'solve TASK --timeout 60',
    '--config no-such-file.json balance',
    '',
    'result',
    'report good',
    'config',
    'balance more',
    'solve no-such-file.png',
    'solve / --method base64',
    'solve -',
    'solve TASK --max-attempts 0',
    'solve TASK --budget much',
    'solve TASK --param no-value',
    'solve TASK --param key=x',
    'solve TASK --param action=x',
    'solve TASK --param-file no-such-file.json',
    'solve TASK --param-file /dev/null',
    'solve TASK --region nowhere',
    'solve TASK --via carrier-pigeon',
    'solve --method turnstile --sitekey x',
    'balance --log-format xml',
  ])('captcha %s ends with 2 and sends nothing', async (line, { bench }) => {
    const sandbox = await bench.sandbox();
    const { code, stdout, stderr } = await bench.run(words(line), { at: sandbox, config: null });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/\S/);
    expect(sandbox.stats().requests).toBe(0);
  });

  it('names the missing unit', async ({ bench }) => {
    const { stderr } = await bench.run(['solve', ...turnstile, '--timeout', '60']);
    expect(stderr).toContain('did you mean 60s?');
  });
});

describe.concurrent('help', () => {
  firstRows(it).for(names)('of captcha %s ends with 0 and shows two examples', async (command, { bench }) => {
    const { code, stdout, stderr } = await bench.run([command, '--help'], { config: null });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/^\s*\$ .*captcha /gm)!.length).toBeGreaterThanOrEqual(2);
    expect(stdout).toContain('--sandbox');
  });

  it('lists every command and the exit codes', async ({ bench }) => {
    const [help, bare] = await Promise.all([bench.run(['--help'], { config: null }), bench.run([], { config: null })]);
    expect(help.code).toBe(0);
    for (const command of names) expect(help.stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    for (const exitCode of [0, 1, 2, 3, 4, 70, 74, 130])
      expect(help.stdout).toMatch(new RegExp(`^\\s+${exitCode}\\s`, 'm'));
    expect(bare.stderr).toContain('Usage: captcha');
  });

  firstRows(it).for(['--version', '-V'])('%s prints the version', async (flag, { bench }) => {
    expect(await bench.run([flag], { config: null })).toMatchObject({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    });
  });
});

describe.concurrent('the key', () => {
  const none = { CAPTCHAAI_API_KEY: undefined };

  firstRows(it).for<[string, NodeJS.ProcessEnv]>([
    ['is missing', none],
    ['is empty', { CAPTCHAAI_API_KEY: '' }],
    ['is in a file that is not there', { ...none, CAPTCHAAI_API_KEY_FILE: '/no/such/file' }],
    ['is in a file that is a directory', { ...none, CAPTCHAAI_API_KEY_FILE: '/' }],
    ['has an empty file name', { ...none, CAPTCHAAI_API_KEY_FILE: '' }],
  ])('that %s is a usage error', async ([, env], { bench }) => {
    const sandbox = await bench.sandbox();
    const { code, stdout, stderr } = await bench.run(['solve', ...turnstile], { at: sandbox, env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('CAPTCHAAI_API_KEY');
    expect(sandbox.stats().requests).toBe(0);
  });

  it('is read from the file that CAPTCHAAI_API_KEY_FILE names', async ({ bench }) => {
    const sandbox = await bench.sandbox({ key: 'right' });
    const file = await bench.write('key.txt', 'right\n');
    const env = { ...none, CAPTCHAAI_API_KEY_FILE: file };
    expect(await bench.run(['balance'], { at: sandbox, env })).toMatchObject({ code: 0, stdout: '100\n' });
    expect(await bench.run(['balance'], { at: sandbox })).toMatchObject({ code: 3 });
  });
});
