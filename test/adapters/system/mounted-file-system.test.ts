import { describe, expect, it } from 'vitest';
import { isNetworkType, networkTypeOf, networkTypeOrFuse } from '../../../src/adapters/system/network-file-systems.ts';
import { mountedFileSystem } from '../../../src/adapters/system/state-folder-facts.ts';

const mounts = String.raw`/dev/sda1 / ext4 rw 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/local xfs rw 0 0
//nas/a /mnt/my\040share cifs rw 0 0
tmpfs /over tmpfs rw 0 0
host /over 9p rw 0 0
`;

describe('the file system of a path', () => {
  it.each([
    ['/', 'ext4'],
    ['/var/lib/captcha', 'ext4'],
    ['/home', 'nfs4'],
    ['/home/ann/.local/state', 'nfs4'],
    ['/homes', 'ext4'],
    ['/home/local/state', 'xfs'],
    ['/mnt/my share/x', 'cifs'],
    ['/over/x', '9p'],
  ])('of %s is %s', (path, type) => {
    expect(mountedFileSystem(path, mounts)).toBe(type);
  });

  it('is unknown without a table', () => {
    expect(mountedFileSystem('/home', '')).toBeNull();
  });

  it.each([
    ['nfs4', true],
    ['cifs', true],
    ['9p', true],
    ['fuse.sshfs', true],
    ['ext4', false],
    ['btrfs', false],
    ['overlay', false],
    ['tmpfs', false],
  ])('%s is a network file system: %s', (type, isNetwork) => {
    expect(isNetworkType(type)).toBe(isNetwork);
  });

  it.each([
    [0x6969, 'nfs'],
    [0xff534d42, 'cifs'],
    [0xff534d42 | 0, 'cifs'],
    [0xef53, null],
  ])('the number %i stands for %s', (magic, name) => {
    expect(networkTypeOf(magic)).toBe(name);
    expect(networkTypeOrFuse(magic)).toBe(name);
  });

  it('treats FUSE as a network if the mount table is not available', () => {
    expect([networkTypeOf(0x65735546), networkTypeOrFuse(0x65735546)]).toEqual([null, 'fuse']);
  });
});
