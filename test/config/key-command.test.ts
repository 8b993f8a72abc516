import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { loadApiKey } from '../../src/config/api-key.ts';
import { runKeyCommand } from '../../src/config/key-command.ts';
import { type Config, configSchema } from '../../src/config/schema.ts';
import { UsageError } from '../../src/domain/errors.ts';
import { folderWith } from './folder.ts';
import { loadIn, refusalIn } from './load-in.ts';

const configWith = (keyCommand: unknown): Config => v.parse(configSchema, { api: { keyCommand } });
const limits = { timeoutMs: 120_000, maxBytes: 64 };

async function refusalOf(run: Promise<unknown>): Promise<UsageError> {
  const error: unknown = await run.catch((refusal: unknown) => refusal);
  if (!(error instanceof UsageError)) throw new Error('no UsageError', { cause: error });
  return error;
}

describe('the key of api.keyCommand', () => {
  it.each<[string, string | readonly string[]]>([
    ['a command line, by the shell', 'printf abc | tr a-c x-z'],
    ['a list, without a shell', ['printf', '%s\n', 'xyz']],
  ])('is what %s prints', async (_what, keyCommand) => {
    expect(await loadApiKey(configWith(keyCommand), {})).toBe('xyz');
  });

  it('does not pass through the shell if it is a list', async () => {
    expect(await loadApiKey(configWith(['printf', '%s', 'x;$HOME`id`y']), {})).toBe('x;$HOME`id`y');
  });

  it('is printed in the folder of the config file, not in the working directory', async () => {
    const folder = await folderWith({
      'own/config.json': { api: { keyCommand: 'cat key' } },
      'own/key': 'of-own-folder\n',
      key: 'of-working-directory\n',
    });
    const { config, keySource } = await loadIn(folder, { file: 'own/config.json' });
    expect(await loadApiKey(config, {})).toBe('of-own-folder');
    expect(keySource).toMatchObject({ type: 'command', named: 'api.keyCommand' });
  });

  it.each([
    [['false'], 'the key command (api.keyCommand) failed with exit code 1'],
    ['exit 7', 'the key command (api.keyCommand) failed with exit code 7'],
    ['kill -9 $$', 'the key command (api.keyCommand) was ended by SIGKILL'],
    [['/nowhere/hunter2'], 'the key command (api.keyCommand) cannot be started: its program is not found'],
    [['/etc/passwd'], 'the key command (api.keyCommand) cannot be started: its program is not executable'],
    ['true', 'the output of the key command (api.keyCommand) is empty'],
    ['echo hunter2; echo hunter3', 'the output of the key command (api.keyCommand) has more than one line'],
  ])('is refused with its cause: %j', async (keyCommand, message) => {
    const refusal = await refusalOf(loadApiKey(configWith(keyCommand), {}));
    expect(refusal.message).toBe(message);
    expect(refusal.hint).toMatch(/\S/);
    expect(`${refusal.message} ${refusal.hint ?? ''}`).not.toContain('hunter');
  });

  it('has a limit of its time and of its length', async () => {
    const slow = runKeyCommand({ command: ['sleep', '600'], folder: null }, { ...limits, timeoutMs: 50 });
    expect((await refusalOf(slow)).message).toContain('did not end within 0.05 s');
    const endless = runKeyCommand({ command: ['yes'], folder: null }, limits);
    expect((await refusalOf(endless)).message).toContain('prints more than 64 bytes');
    const orphaned = runKeyCommand({ command: 'sleep 1 & sleep 1', folder: null }, { ...limits, timeoutMs: 50 });
    expect((await refusalOf(orphaned)).message).toContain('did not end');
  });

  it.each([
    ['', []],
    [[], [' ']],
    [['x', 1], { command: 'x' }],
    ['0123456789abcdef0123456789abcdef', ['0123456789abcdef0123456789abcdef']],
  ])('must be a command: not %j, not %j, neither of them shown', async (...wrong) => {
    for (const keyCommand of wrong) {
      const folder = await folderWith({ 'my.json': { api: { keyCommand } } });
      const refusal = await refusalIn(folder, { file: 'my.json' });
      expect(refusal).toContain('api.keyCommand');
      expect(refusal).toContain('must be a command line, or a list of a program and its arguments');
      expect(refusal).not.toContain('0123456789abcdef');
    }
  });

  it('is not that of a discovered project file', async () => {
    const folder = await folderWith({ 'captcha.config.json': { api: { keyCommand: 'touch ran; echo x' } } });
    expect(await refusalIn(folder)).toContain(
      `api.keyCommand (${join(folder, 'captcha.config.json')}): a discovered project file must not set this key`,
    );
  });
});
