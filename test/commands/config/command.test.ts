import { describe, expect, it } from 'vitest';
import { schema, show, validate } from '../../../src/commands/config/command.ts';
import type { LoadedConfig } from '../../../src/config/load.ts';
import { UsageError } from '../../../src/domain/errors.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';

const file = { path: '/team/captcha.config.json', found: true };

const settings: LoadedConfig['settings'] = [
  { path: 'solve.timeout', value: '5s', from: '--timeout' },
  { path: 'batch.maxFailures', value: null, from: 'default' },
  { path: 'budget.scope', value: 'redis://u:secret@redis:6379/1', from: file.path },
  { path: 'regions', value: [{ name: 'eu', params: { proxy: 'u:secret@host:1', token: 'secret' } }], from: file.path },
];

async function shown(command: typeof show, parts: StageParts = {}) {
  const stage = aStage(parts);
  const exitCode = await command({}, stage.context);
  return { exitCode, out: stage.stdout.text, err: stage.stderr.text };
}

describe('captcha config show', () => {
  it('prints every effective value and its source, with secrets masked', async () => {
    expect(await shown(show, { loaded: { settings, file } })).toEqual({
      exitCode: 0,
      out: [
        'key                value                                                         from',
        'API key            not set',
        'solve.timeout      5s                                                            --timeout',
        'batch.maxFailures  null                                                          default',
        'budget.scope       redis://u:***@redis:6379/1                                    /team/captcha.config.json',
        'regions            [{"name":"eu","params":{"proxy":"u:***@host:1","token":"***"}}]  /team/captcha.config.json',
        '',
      ].join('\n'),
      err: 'config file: /team/captcha.config.json\n',
    });
  });

  it('prints them as JSON, with secrets masked', async () => {
    const { out, err } = await shown(show, { loaded: { settings, file }, globals: { json: true } });
    expect(err).toBe('');
    expect(out).not.toContain('secret');
    expect(JSON.parse(out)).toMatchObject({
      schemaVersion: 1,
      file: '/team/captcha.config.json',
      settings: [{ path: 'solve.timeout', value: '5s', from: '--timeout' }, { value: null }, {}, { path: 'regions' }],
    });
  });

  it('is a boxed table that fits the screen', async () => {
    const { out } = await shown(show, { loaded: { settings, file }, stdout: { isTTY: true, columns: 60 } });
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^┌─+┬─+┬─+┐$/);
    expect(lines.filter((line) => line.length > 60)).toEqual([]);
  });

  it('reports that no file was found', async () => {
    const { err } = await shown(show, { loaded: { settings } });
    expect(err).toBe('no config file found; showing defaults and environment variables\n');
  });
});

describe('captcha config validate', () => {
  it('reports that a configuration is valid, and names it', async () => {
    expect(await shown(validate, { loaded: { file } })).toEqual({
      exitCode: 0,
      out: 'valid (config file: /team/captcha.config.json)\n',
      err: '',
    });
  });

  it('reports probable mistakes', async () => {
    const { exitCode, err } = await shown(validate, {
      loaded: { file, warnings: ['captcha.config.js is never read'] },
    });
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: 'warning: captcha.config.js is never read\n' });
  });

  it('prints the same as JSON', async () => {
    const loaded = { file, warnings: ['captcha.config.js is never read'] };
    const { out } = await shown(validate, { loaded, globals: { json: true } });
    expect(JSON.parse(out)).toEqual({
      schemaVersion: 1,
      valid: true,
      file: '/team/captcha.config.json',
      warnings: ['captcha.config.js is never read'],
    });
  });

  it('ends in the usage error that names every invalid path', async () => {
    const { context, stdout } = aStage();
    const config = (): Promise<never> => Promise.reject(new UsageError('the configuration is not valid:\n  a\n  b'));
    await expect(validate({}, { ...context, config })).rejects.toThrow(UsageError);
    expect(stdout.text).toBe('');
  });
});

describe('captcha config schema', () => {
  it('prints only the JSON Schema', async () => {
    const expected = { exitCode: 0, out: '{\n  "title": "the schema"\n}\n', err: '' };
    expect(await shown(schema)).toEqual(expected);
    expect(await shown(schema, { globals: { json: true } })).toEqual(expected);
  });
});
