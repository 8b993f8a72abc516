/** File systems whose files other machines may change, as Linux names them in its table of mounts. */
const networkTypes = new Set([
  ...['nfs', 'nfs4', 'cifs', 'smb3', 'smbfs', 'ncpfs', 'afs', 'ceph', 'coda', 'gfs2', 'glusterfs', 'lustre', 'ocfs2'],
  ...['orangefs', 'beegfs', 'gpfs', '9p', 'virtiofs', 'vboxsf', 'davfs', 'fuse.sshfs', 'fuse.s3fs', 'fuse.gcsfuse'],
  ...['fuse.rclone', 'fuse.glusterfs', 'fuse.ceph', 'fuse.davfs2', 'fuse.mount-s3', 'fuse.curlftpfs'],
]);

/** Whether a file system of this type is reached over a network or shared with another machine. */
export function isNetworkType(type: string): boolean {
  return networkTypes.has(type);
}

/** Blanks and backslashes stand as `\040` in the table. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

function holds(mountPoint: string, path: string): boolean {
  return path === mountPoint || path.startsWith(mountPoint.endsWith('/') ? mountPoint : `${mountPoint}/`);
}

/**
 * The type of the file system that `path` (absolute, without symbolic links) is on, such as `ext4`, from the text of
 * `/proc/self/mounts`; null where no line fits. The longest mount point decides, and of equal ones the last, which
 * covers the others.
 */
export function mountedFileSystem(path: string, mounts: string): string | null {
  const fitting = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, point = '', type = '']) => ({ point: unescaped(point), type }))
    .filter(({ point, type }) => point !== '' && type !== '' && holds(point, path));
  const longest = Math.max(0, ...fitting.map(({ point }) => point.length));
  return fitting.findLast(({ point }) => point.length === longest)?.type ?? null;
}
