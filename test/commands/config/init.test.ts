import { describe, expect, it } from 'vitest';
import { path } from '../../../src/commands/config/command.ts';
import { init, type InitFlags } from '../../../src/commands/config/init.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';

async function created(flags: InitFlags, parts: StageParts = {}) {
  const { context, records, stdout, stderr } = aStage(parts);
  const exitCode = await init(flags, context);
  return { exitCode, files: records.created, out: stdout.text, err: stderr.text };
}

describe('captcha config init', () => {
  it('writes YAML by default, and says what to do next', async () => {
    expect(await created({})).toEqual({
      exitCode: 0,
      files: [{ path: 'captcha.config.yaml', text: 'a config file as yaml\n' }],
      out: '/work/captcha.config.yaml\n',
      err: 'created a config file with the default of every key\nnext: set CAPTCHAAI_API_KEY, edit the file, and run captcha config validate\n',
    });
  });

  it.each<[InitFlags, string]>([
    [{ format: 'json' }, 'captcha.config.json'],
    [{ file: 'own.json' }, 'own.json'],
    [{ file: 'own.yml', format: 'yaml' }, 'own.yml'],
  ])('writes the named format and file: %j', async (flags, name) => {
    const { files } = await created(flags);
    const format = name.endsWith('.json') ? 'json' : 'yaml';
    expect(files).toEqual([{ path: name, text: `a config file as ${format}\n` }]);
  });

  it('writes the file of --config, and prints JSON', async () => {
    const { files, out } = await created({}, { globals: { config: 'team.json', json: true } });
    expect(files).toHaveLength(1);
    expect(JSON.parse(out)).toEqual({ schemaVersion: 1, file: '/work/team.json', format: 'json' });
  });

  it.each<[InitFlags, RegExp]>([
    [{ format: 'toml' }, /--format toml: expected yaml or json/],
    [{ file: 'captcha.toml' }, /ends in \.yaml, \.yml or \.json/],
    [{ file: 'own.json', format: 'yaml' }, /own\.json: the name says json, and --format says yaml/],
  ])('refuses %j', async (flags, message) => {
    await expect(created(flags)).rejects.toThrow(message);
  });

  it('refuses a second config file in the folder, and says which file it is used instead of', async () => {
    const file = { path: '/work/.captcharc', origin: 'found' } as const;
    const here = { file, considered: [{ folder: '/work', files: ['.captcharc'] }] };
    await expect(created({}, { places: here })).rejects.toThrow('/work has a config file already: .captcharc');
    const above = { file, considered: [{ folder: '/work/a', files: [] }] };
    expect((await created({}, { places: above })).err).toContain('it is used instead of /work/.captcharc');
  });
});

describe('captcha config path', () => {
  const places = {
    file: { path: '/work/captcha.config.yaml', origin: 'found' },
    own: '/home/ann/.config/captcha/config.json',
    considered: [
      { folder: '/work/a', files: [] },
      { folder: '/work', files: ['captcha.config.yaml'] },
    ],
  } as const;

  it('prints only the path; -v lists where it was looked for', async () => {
    const plain = aStage({ places });
    expect(await path({}, plain.context)).toBe(0);
    expect([plain.stdout.text, plain.stderr.text]).toEqual(['/work/captcha.config.yaml\n', '']);
    const verbose = aStage({ places, options: { verbosity: 1 } });
    await path({}, verbose.context);
    expect(verbose.stdout.text).toBe('/work/captcha.config.yaml\n');
    expect(verbose.stderr.text).toBe(
      [
        '2026-01-02T03:04:05.000Z looked for a config file in these folders; the first file counts:',
        '  /work/a: none',
        '  /work: captcha.config.yaml',
        'your own config file: /home/ann/.config/captcha/config.json',
        '',
      ].join('\n'),
    );
  });

  it('prints all of it as JSON', async () => {
    const stage = aStage({ places, globals: { json: true } });
    await path({}, stage.context);
    expect(JSON.parse(stage.stdout.text)).toEqual({
      ...{ schemaVersion: 1, file: '/work/captcha.config.yaml', origin: 'found' },
      ...{ own: places.own, considered: places.considered },
    });
  });

  it('ends with 1 if no file is in use', async () => {
    const stage = aStage();
    expect(await path({}, stage.context)).toBe(1);
    expect(stage.stdout.text).toBe('');
    expect(stage.stderr.text).toContain('no config file is in use');
  });
});
