/** Something the person can mend: printed as one sentence, exit code 1, never a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** What errors of the system mean to a person. */
const meanings: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open',
  ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the path is too long',
  EIO: 'the disk reports an error',
};

/** The failure that began it: what went wrong while cleaning up after it is of less use. */
export function rootOf(error: unknown): unknown {
  if (error instanceof SuppressedError) return rootOf(error.suppressed);
  return error instanceof AggregateError && error.errors.length > 0 ? rootOf(error.errors[0]) : error;
}

/** What to tell a person about any failure: one line. */
export function sentenceOf(failure: unknown): string {
  const error = rootOf(failure);
  if (!(error instanceof Error)) return String(error);
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const meaning = code === undefined || syscall === undefined ? undefined : meanings[code];
  if (meaning !== undefined && path !== undefined) return `cannot ${syscall} ${path}: ${meaning}`;
  return error.message.split('\n')[0] ?? '';
}
