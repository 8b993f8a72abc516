import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findConfigPlaces } from '../../src/config/config-places.ts';
import { folderWith } from './folder.ts';
import { loadIn } from './load-in.ts';

const files = {
  'captcha.config.yaml': 'solve: [not valid',
  'package.json': { captcha: {} },
  'a/b/readme.txt': '',
  'a/package.json': { name: 'a' },
  '.config/captcha/config.json': {},
};

describe('the places of config files', () => {
  it('are those of the search, whether a file is valid or not', async () => {
    const home = await folderWith(files);
    const places = findConfigPlaces({ cwd: join(home, 'a/b'), env: { HOME: home }, file: null });
    expect(places).toEqual({
      file: { path: join(home, 'captcha.config.yaml'), origin: 'found' },
      own: join(home, '.config/captcha/config.json'),
      considered: [
        { folder: join(home, 'a/b'), files: [] },
        { folder: join(home, 'a'), files: [] },
        { folder: home, files: ['captcha.config.yaml', 'package.json'] },
        { folder: join(home, '.config/captcha'), files: ['config.json'] },
      ],
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['the first name of a folder', { '.captcharc': '{}', 'captcha.config.yml': '{}' }],
    ['the key of package.json', { 'package.json': { captcha: {} }, '.config/captcha/config.yaml': '{}' }],
    ['the own file', { 'package.json': {}, '.config/captcha/config.yml': '{}' }],
    ['none', { 'readme.txt': '' }],
  ])('name the file that is loaded: %s', async (_what, content) => {
    const home = await folderWith(content);
    const { file } = findConfigPlaces({ cwd: home, env: { HOME: home }, file: null });
    expect(file?.path).toBe((await loadIn(home)).file?.path);
  });

  it('are not searched if a file is named', async () => {
    const home = await folderWith(files);
    const search = { cwd: home, env: { HOME: home } };
    expect(findConfigPlaces({ ...search, file: 'a/package.json' })).toMatchObject({
      file: { path: join(home, 'a/package.json'), origin: 'named' },
      considered: [],
    });
    expect(() => findConfigPlaces({ ...search, file: 'none.json' })).toThrow(
      `${join(home, 'none.json')}: no such file`,
    );
  });
});
