import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readImage } from '../../../../src/adapters/files/input/read-image.ts';

const png = Buffer.from('89504e470d0a1a0a0000', 'hex');
const secret = Buffer.from('-----BEGIN OPENSSH PRIVATE KEY-----\n');

describe('the image that an input names', () => {
  let root: string;
  let input: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'captcha-image-'));
    await mkdir(join(root, 'work'));
    input = join(root, 'work', 'tasks.csv');
    await writeFile(join(root, 'a.png'), png);
    await writeFile(join(root, 'id_ed25519'), secret);
    await writeFile(join(root, 'work', 'odd.bin'), secret);
    await symlink(join(root, 'id_ed25519'), join(root, 'work', 'link.png'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it.each([
    ['an image beside it', '../a.png', png],
    ['whatever lies with it', 'odd.bin', secret],
  ])('is %s', async (_, path, content) => {
    expect(await readImage(path, input)).toEqual({ body: content.toString('base64') });
  });

  it('may be named by its whole path', async () => {
    expect(await readImage(join(root, 'a.png'), input)).toEqual({ body: png.toString('base64') });
  });

  it.each(['../id_ed25519', 'link.png', './../work/../id_ed25519'])(
    'is no other file of this machine: %s',
    async (path) => {
      expect(await readImage(path, input)).toEqual({ reason: expect.stringContaining('not sent') as string });
    },
  );

  it('says why it cannot be read', async () => {
    expect(await readImage('none.png', input)).toEqual({ reason: expect.stringContaining('ENOENT') as string });
    expect(await readImage('.', input)).toEqual({ reason: expect.stringContaining('EISDIR') as string });
  });
});
