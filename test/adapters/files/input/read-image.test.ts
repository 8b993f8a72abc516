import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readImage } from '../../../../src/adapters/files/input/read-image.ts';
import { anImage, imageText } from '../../../support/an-image.ts';

const png = anImage();
const secret = Buffer.from('-----BEGIN OPENSSH PRIVATE KEY-----\n');

describe('an image file named by an input', () => {
  let root: string;
  let input: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'captcha-image-'));
    await mkdir(join(root, 'work'));
    input = join(root, 'work', 'tasks.csv');
    await writeFile(join(root, 'a.png'), png);
    await writeFile(join(root, 'id_ed25519'), secret);
    await writeFile(join(root, 'work', 'odd.bin'), secret);
    await writeFile(join(root, 'work', 'text.b64'), imageText());
    await writeFile(join(root, 'work', 'huge.png'), anImage('png', 1_400_000));
    await symlink(join(root, 'id_ed25519'), join(root, 'work', 'link.png'));
    await symlink(join(root, 'a.png'), join(root, 'work', 'good-link.png'));
    execFileSync('mkfifo', [join(root, 'work', 'pipe.png')]);
  });
  afterEach(() => rm(root, { recursive: true }));

  it.each(['../a.png', ' ../a.png ', 'good-link.png', 'text.b64'])('is read from %s', async (path) => {
    expect(await readImage(path, input)).toEqual({ value: png.toString('base64') });
  });

  it('may have an absolute path', async () => {
    expect(await readImage(join(root, 'a.png'), input)).toEqual({ value: png.toString('base64') });
  });

  it.each([
    ['odd.bin', 'not sent: the file is a private key, not an image'],
    ['../id_ed25519', 'not sent: the file is a private key, not an image'],
    ['link.png', 'not sent: the file is a private key, not an image'],
    ['./../work/../id_ed25519', 'not sent: the file is a private key, not an image'],
    ['huge.png', 'not sent: the file is larger than 1 MiB, the limit of the service'],
    ['/proc/self/maps', 'not sent: the file is text, not an image'],
    ['/dev/zero', 'not sent: a device or pipe, not a file'],
    ['pipe.png', 'not sent: a device or pipe, not a file'],
    ['.', 'not sent: a directory, not a file'],
    ['none.png', 'there is no such file'],
  ])('cannot be another file of this machine: %s', async (path, reason) => {
    expect(await readImage(path, input)).toMatchObject({
      error: { reason: expect.stringContaining(reason) as string },
    });
  });
});
