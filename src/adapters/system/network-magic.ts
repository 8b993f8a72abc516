/** What `statfs(2)` answers as the type of network file systems on Linux (linux/magic.h), by their names there. */
const networkMagic: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smbfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb3'],
  [0x01021997, '9p'],
  [0x5346414f, 'afs'],
  [0x73757245, 'coda'],
  [0x00c36400, 'ceph'],
  [0x01161970, 'gfs2'],
  [0x7461636f, 'ocfs2'],
  [0x0bd00bd0, 'lustre'],
  [0x786f4256, 'vboxsf'],
]);

/** The name of a network file system by its number; null for every other one. Of use on Linux only. */
export function networkTypeOf(magic: number): string | null {
  // Some of the numbers come as negative ones, since the field is a signed one on some machines.
  return networkMagic.get(magic >>> 0) ?? null;
}
