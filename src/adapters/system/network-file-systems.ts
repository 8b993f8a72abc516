interface NetworkFileSystem {
  /** Names in Linux's mount table, the most common one first. */
  readonly mounted: readonly string[];
  /** Type number of `statfs(2)` (linux/magic.h); absent if unknown. */
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

/** This number is common to all FUSE file systems, local and remote ones. */
const fuseMagic = 0x65735546;

const mountedNames = new Set(networkFileSystems.flatMap(({ mounted }) => mounted));
const byMagic = new Map(networkFileSystems.flatMap(({ mounted, magic }) => (magic ? [[magic, mounted[0]]] : [])));

/** True if a file system type from the mount table is shared with other machines. */
export function isNetworkType(type: string): boolean {
  return mountedNames.has(type);
}

/** The name of a network file system by its type number; null for others. Linux only. */
export function networkTypeOf(magic: number): string | null {
  // The field is signed on some machines, so the number may be negative.
  return byMagic.get(magic >>> 0) ?? null;
}

/** Like `networkTypeOf`, for callers without a mount table: FUSE counts as a network, because it may be one. */
export function networkTypeOrFuse(magic: number): string | null {
  return magic >>> 0 === fuseMagic ? 'fuse' : networkTypeOf(magic);
}
