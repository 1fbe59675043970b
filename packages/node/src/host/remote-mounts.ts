import type { Mount } from './mounts.ts';

/** File systems that a server or a program answers for. One that is not known here is taken for a disk of the machine. */
const REMOTE =
  /^(?:fuse|fuseblk|fuse\..+|nfs\d?|cifs|smb\d|9p|virtiofs|ceph|afs|lustre|gpfs|beegfs|glusterfs|orangefs|pvfs2|ocfs2|gfs2)$/;

/**
 * Where something is mounted that may never answer: whoever touches it waits for as long, and nothing but a signal ends the
 * wait. What the machine itself lies on is left out, since without it nothing goes.
 */
export const remoteMounts = (mounts: readonly Mount[]): readonly string[] =>
  mounts.filter(({ path, type }) => path !== '/' && REMOTE.test(type)).map(({ path }) => path);

/** The one of these mounts that a path is in; undefined where it is in none. */
export const mountAbove = (path: string, mounts: readonly string[]): string | undefined =>
  mounts.findLast((mount) => path === mount || path.startsWith(`${mount}/`));
