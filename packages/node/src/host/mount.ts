import { settleAll } from '@navarch/base';
import { CommandError, runCommand } from './command.ts';
import { runShort } from './mount-shell.ts';
import { mountsBelow } from './mounts.ts';

export interface MountRequest {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options?: readonly string[];
}

/** Mounts a file system on an existing folder. Throws CommandError with mount's words. */
export async function mount({ type, source, target, options = [] }: MountRequest, signal: AbortSignal): Promise<void> {
  const flags = options.length > 0 ? ['-o', options.join(',')] : [];
  signal.throwIfAborted();
  await runShort(['mount', '-n', '-t', type, ...flags, source, target]);
}

/** How long a server may take to answer. */
const REMOTE_MS = 120_000;

/**
 * As mount, of a file system that a server has: nobody else's mounts wait while it does not answer. What went wrong is said
 * as upstream's kubelet says it, with what was asked for: people search for these lines.
 */
export async function mountRemote(request: MountRequest, signal: AbortSignal): Promise<void> {
  const { type, source, target, options = [] } = request;
  const flags = options.length > 0 ? ['-o', options.join(',')] : [];
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(REMOTE_MS)]);
  const args = ['-t', type, ...flags, source, target];
  try {
    await runCommand(['mount', '-n', ...args], {}, bounded);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { exitCode, stderr } = error;
    const asked = `Mounting command: mount\nMounting arguments: ${args.join(' ')}`;
    throw new Error(`exit status ${exitCode ?? 'unknown'}\n${asked}\nOutput: ${stderr}`, { cause: error });
  }
}

/** Shows one file or folder in another place too. */
export async function bindMount(
  source: string,
  target: string,
  isReadOnly: boolean,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  await runShort(['mount', '-n', '--bind', source, target]);
  // The kernel ignores `ro` on the first bind; it takes a second step.
  if (isReadOnly) await runShort(['mount', '-n', '-o', 'remount,bind,ro', target]);
}

/** As bindMount, but mount(8) leaves the source as it is: a path below /proc/PID/fd leads to the very file that is open. */
export async function bindMountAsIs(source: string, target: string, signal: AbortSignal): Promise<void> {
  // The path leads through this process's open files: it must be mounted by a child of its own.
  await runCommand(['mount', '-n', '-c', '--bind', source, target], {}, signal);
}

/**
 * Lets what is mounted below a folder later be seen by those who see the folder, and what they mount there be seen here. A
 * folder below which something is mounted stays as it is: that would be hidden, and nobody could unmount it.
 */
export async function shareMounts(folder: string, signal: AbortSignal): Promise<void> {
  const below = mountsBelow(folder);
  if (below.length > 0 && !below.includes(folder)) return;
  if (below.length === 0) await bindMount(folder, folder, false, signal);
  await runShort(['mount', '-n', '--make-rshared', folder]);
}

/** Paths are taken as they are: to look whether they lead elsewhere would be to ask what may never answer. */
const LET_GO = ['umount', '-n', '-l', '-c'];

/** Unmounts; a mount that is in use goes when its last user does. Nothing mounted there is what was wanted. */
export async function unmount(target: string, signal: AbortSignal): Promise<void> {
  if (!mountsBelow(target).includes(target)) return;
  signal.throwIfAborted();
  await runShort([...LET_GO, target]);
}

/** Unmounts everything in and below a folder, so that removing the folder cannot reach into someone's data. */
export async function unmountBelow(folder: string, signal: AbortSignal): Promise<void> {
  for (let paths = mountsBelow(folder); paths.length > 0; paths = mountsBelow(folder)) {
    signal.throwIfAborted();
    const depth = paths[0]?.split('/').length;
    await settleAll(
      [...new Set(paths)].filter((path) => path.split('/').length === depth).map((path) => runShort([...LET_GO, path])),
    );
  }
}
