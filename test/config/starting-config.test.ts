import { describe, expect, it } from 'vitest';
import { startingConfig } from '../../src/config/starting-config.ts';
import { folderWith } from './folder.ts';
import { loadIn } from './load-in.ts';

/** The file with everything switched on that is off. */
const allOn = (text: string): string => text.replace(/^( *)#(?! )/gm, '$1');

describe('a starting configuration', () => {
  it.each([
    ['yaml', 'captcha.config.yaml'],
    ['json', 'captcha.config.json'],
  ] as const)('in %s is valid as a project file, and changes nothing', async (format, name) => {
    const folder = await folderWith({ [name]: await startingConfig(format) });
    const { config, file, warnings } = await loadIn(folder);
    expect(file).toMatchObject({ found: true });
    expect(warnings).toEqual([]);
    expect(config).toEqual((await loadIn('/', {})).config);
  });

  it('shows every key, each under its description, with the examples of captcha.config.example.json', async () => {
    const folder = await folderWith({ 'my.yaml': allOn(await startingConfig('yaml')) });
    const { config, settings } = await loadIn(folder, { file: 'my.yaml' });
    expect(settings.filter(({ from }) => from === 'default')).toEqual([]);
    const example = (await loadIn(process.cwd(), { file: 'captcha.config.example.json' })).config;
    const { keyFile, keyCommand, ...api } = config.api;
    const source = { file: '', isFound: false };
    const unplaced = (each: typeof config) => ({ ...each, api: {}, limits: { ...each.limits, source } });
    expect(keyFile).toBe('/run/secrets/captchaai');
    expect(keyCommand).toMatchObject({ command: ['pass', 'show', 'captchaai'], folder });
    expect(unplaced(config)).toEqual(unplaced(example));
    expect(example.api).toMatchObject(api);
  });

  it('has no line that is longer than a screen is wide', async () => {
    expect((await startingConfig('yaml')).split('\n').filter((line) => line.length > 110)).toEqual([]);
  });
});
