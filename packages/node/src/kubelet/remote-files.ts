import { constants } from 'node:fs';
import { join } from 'node:path';
import type { FileKind } from '@navarch/kubelet';
import { CommandError, runCommand } from '../host/index.ts';
import { Slots } from './slots.ts';

const WORKER = join(import.meta.dirname, 'remote-files.worker.ts');
/** So long may a file system say nothing, where nobody says otherwise. */
const SILENCE_MS = 10_000;
/** One that said nothing is not asked again before this: each question costs a process that waits. */
const PAUSE_MS = 30_000;
/** Questions at the same time. */
const QUESTIONS_MAX = 4;
const BLOCK_BYTES = 512;

export interface Space {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly blocksFree: number;
  readonly blocksAvailable: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** The file system below a mount does not answer. */
class SilentMount extends Error {
  override readonly name = 'SilentMount';

  constructor(mount: string) {
    super(`the file system at ${mount} does not answer`);
  }
}

/** What `stat -L` prints as the file's mode, of those that are of interest. */
const KINDS: ReadonlyMap<number, FileKind> = new Map([
  [constants.S_IFDIR, 'directory'],
  [constants.S_IFREG, 'file'],
  [constants.S_IFSOCK, 'socket'],
  [constants.S_IFCHR, 'character device'],
  [constants.S_IFBLK, 'block device'],
]);

/**
 * Work on files of servers and of programs, done by processes of their own: one that waits for an answer that never comes is
 * killed. This process has but a few threads for files, and all its pods are waiting for them.
 */
export class RemoteFiles {
  readonly #signal: AbortSignal;
  readonly #silenceMs: number;
  readonly #slots = new Slots(QUESTIONS_MAX);
  /** By mount: when it may be asked again, on the monotonic clock. An entry for each that was silent, until it is asked. */
  readonly #silentUntil = new Map<string, number>();

  constructor(signal: AbortSignal, silenceMs: number = SILENCE_MS) {
    this.#signal = signal;
    this.#silenceMs = silenceMs;
  }

  /** What is at a path, links followed; undefined when nothing is. Throws SilentMount. */
  async kindOf(path: string, mount: string): Promise<FileKind | undefined> {
    try {
      const { stdout } = await this.#run(mount, ['stat', '-L', '-c', '%f', path]);
      return KINDS.get(Number.parseInt(stdout, 16) & constants.S_IFMT) ?? 'other';
    } catch (error) {
      if (error instanceof CommandError && /No such file|Not a directory/.test(error.stderr)) return undefined;
      // As on a disk: there, and nothing that was wanted.
      if (
        error instanceof CommandError &&
        /Permission denied|not permitted|Too many levels|too long/.test(error.stderr)
      )
        return 'other';
      throw error;
    }
  }

  /** Throws SilentMount. */
  async spaceOf(path: string, mount: string): Promise<Space> {
    const { stdout } = await this.#run(mount, ['stat', '-f', '-c', '%S %b %f %a %c %d', path]);
    const [blockBytes = BLOCK_BYTES, blocks = 0, blocksFree = 0, blocksAvailable = 0, inodes = 0, inodesFree = 0] =
      stdout.split(' ').map(Number);
    return { blockBytes, blocks, blocksFree, blocksAvailable, inodes, inodesFree };
  }

  /** Work on a volume, as remote-files.worker.ts has it. Resolves to its JSON. Throws SilentMount, or what `whenOut` makes. */
  async work(
    name: 'own' | 'bind' | 'read',
    args: readonly unknown[],
    mount: string,
    whenOut: (message: string) => Error,
  ): Promise<unknown> {
    const flags = ['--disable-warning=ExperimentalWarning', WORKER];
    try {
      const { stdout } = await this.#run(mount, [process.execPath, ...flags, name, JSON.stringify(args)]);
      return JSON.parse(stdout);
    } catch (error) {
      if (error instanceof CommandError && error.exitCode === 2) throw whenOut(error.stderr);
      throw error;
    }
  }

  /** One after the other for each mount: those behind one that gets no answer get none either, and need not try. */
  #run(mount: string, command: readonly string[]): Promise<{ readonly stdout: string }> {
    return this.#slots.take(mount, async () => {
      if ((this.#silentUntil.get(mount) ?? 0) > performance.now()) throw new SilentMount(mount);
      this.#silentUntil.delete(mount);
      const silence = new AbortController();
      const giveUp = (): void => silence.abort(new SilentMount(mount));
      let timer = setTimeout(giveUp, this.#silenceMs);
      const onLine = (): void => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, this.#silenceMs);
      };
      try {
        return await runCommand(command, { onLine }, AbortSignal.any([this.#signal, silence.signal]));
      } catch (error) {
        if (error instanceof SilentMount) this.#silentUntil.set(mount, performance.now() + PAUSE_MS);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    });
  }
}
