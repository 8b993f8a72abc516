interface NetworkFileSystem {
  /** As Linux names it in its table of mounts, the most common name first. */
  readonly mounted: readonly string[];
  /** What `statfs(2)` answers as its type (linux/magic.h); left out where it is not known. */
  readonly magic?: number;
}

/** File systems whose files other machines may change. */
const networkFileSystems: readonly NetworkFileSystem[] = [
  { mounted: ['nfs', 'nfs4'], magic: 0x6969 },
  { mounted: ['smbfs', 'ncpfs'], magic: 0x517b },
  { mounted: ['cifs'], magic: 0xff534d42 },
  { mounted: ['smb3'], magic: 0xfe534d42 },
  { mounted: ['9p'], magic: 0x01021997 },
  { mounted: ['afs'], magic: 0x5346414f },
  { mounted: ['coda'], magic: 0x73757245 },
  { mounted: ['ceph'], magic: 0x00c36400 },
  { mounted: ['gfs2'], magic: 0x01161970 },
  { mounted: ['ocfs2'], magic: 0x7461636f },
  { mounted: ['lustre'], magic: 0x0bd00bd0 },
  { mounted: ['gpfs'], magic: 0x47504653 },
  { mounted: ['vboxsf'], magic: 0x786f4256 },
  { mounted: ['glusterfs', 'orangefs', 'beegfs', 'virtiofs', 'davfs'] },
  { mounted: ['fuse.sshfs', 'fuse.s3fs', 'fuse.gcsfuse', 'fuse.rclone', 'fuse.glusterfs', 'fuse.ceph'] },
  { mounted: ['fuse.davfs2', 'fuse.mount-s3', 'fuse.curlftpfs'] },
];

/** The number tells every FUSE file system from others, but not those on this machine from those on another. */
const fuseMagic = 0x65735546;

const mountedNames = new Set(networkFileSystems.flatMap(({ mounted }) => mounted));
const byMagic = new Map(networkFileSystems.flatMap(({ mounted, magic }) => (magic ? [[magic, mounted[0]]] : [])));

/** Whether a file system of this type, as the table of mounts names it, is shared with other machines. */
export function isNetworkType(type: string): boolean {
  return mountedNames.has(type);
}

/** The name of a network file system by its number; null for every other one. Of use on Linux only. */
export function networkTypeOf(magic: number): string | null {
  // Some of the numbers come as negative ones, since the field is a signed one on some machines.
  return byMagic.get(magic >>> 0) ?? null;
}

/** Like `networkTypeOf`, for those who cannot ask the table of mounts: FUSE counts, since it may lead anywhere. */
export function networkTypeOrFuse(magic: number): string | null {
  return magic >>> 0 === fuseMagic ? 'fuse' : networkTypeOf(magic);
}
