/** What Go calls otherwise than libuv. */
const REASONS: Readonly<Record<string, string>> = { EEXIST: 'file exists', EISDIR: 'is a directory' };

/**
 * Says what went wrong with a file as people know it from other kubelets: `open /a/b: no such file or directory`. The code
 * of the error stays.
 */
export async function inGoWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, syscall, path, message } = error as NodeJS.ErrnoException;
    const reason = /^\w+: (.*?), \w+/.exec(message)?.[1];
    if (code === undefined || syscall === undefined || path === undefined || reason === undefined) throw error;
    throw Object.assign(new Error(`${syscall} ${path}: ${REASONS[code] ?? reason}`, { cause: error }), { code });
  }
}
