import { once } from 'node:events';
import { constants, watch } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogFilter, type LogOptions, tailStart } from '@navarch/kubelet';

const CHUNK_BYTES = 64 * 1024;
/** How often a followed container is asked whether it still runs, and its file looked at where nothing is told of it. */
const LOOK_MS = 250;

/**
 * Sends a log file to a client as asked, never more than it takes, and goes on as the file grows and is rotated while
 * `isRunning` says so. Resolves when all has been sent, or the client has gone.
 */
export async function streamLogs(
  path: string,
  options: LogOptions,
  isRunning: () => Promise<boolean>,
  client: Writable,
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new Error('the client has gone'));
  client.once('close', onClose);
  try {
    const send = (bytes: Uint8Array): Promise<void> => write(client, bytes, gone.signal);
    await copy({ path, options, isRunning, send }, gone.signal);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    client.removeListener('close', onClose);
    client.end();
  }
}

interface Copy {
  readonly path: string;
  readonly options: LogOptions;
  isRunning(): Promise<boolean>;
  send(bytes: Uint8Array): Promise<void>;
}

async function copy({ path, options, isRunning, send }: Copy, signal: AbortSignal): Promise<void> {
  await using file = new GrowingFile(path);
  using change = new Changes(path);
  const filter = new LogFilter(options);
  // Who does not follow gets what is there now: of a file that grows, its last line is one line.
  if (!options.follow) await file.stopAtEnd();
  if (options.tailLines !== undefined) await file.skipTo(options.tailLines);
  for (let isOver = !options.follow; ;) {
    signal.throwIfAborted();
    const chunk = await file.next();
    if (chunk) {
      await send(filter.push(chunk));
      if (filter.isFull) return;
      continue;
    }
    // What was written before the container ended has been read by now.
    if (isOver) return send(filter.end());
    await change.next(signal);
    isOver = !(await isRunning());
  }
}

/** A file that grows, is cut, or gives way to a new one of its name. */
class GrowingFile implements AsyncDisposable {
  readonly #path: string;
  #file: FileHandle | undefined;
  #at = 0;
  /** Nothing is read from here on. */
  #end = Number.POSITIVE_INFINITY;

  constructor(path: string) {
    this.#path = path;
  }

  async skipTo(lines: number): Promise<void> {
    const file = await this.#open();
    if (!file) return;
    const size = Math.min((await file.stat()).size, this.#end);
    this.#at = await tailStart((offset, length) => read(file, offset, length), size, lines);
  }

  /** What is written from now on is not read. */
  async stopAtEnd(): Promise<void> {
    const file = await this.#open();
    this.#end = file ? (await file.stat()).size : 0;
  }

  /** The next bytes; undefined when there are none yet. */
  async next(): Promise<Uint8Array | undefined> {
    const file = await this.#open();
    if (!file) return undefined;
    const chunk = await this.#advance(file);
    if (chunk || this.#at >= this.#end) return chunk;
    const change = await this.#changeOf(file);
    if (change === 'cut') this.#at = 0;
    if (change === 'replaced') {
      // Whoever wrote to the old one has written its last by now: what came since it was read above counts.
      const rest = await this.#advance(file);
      if (rest) return rest;
      await file.close();
      this.#file = undefined;
      this.#at = 0;
    }
    return change ? this.next() : undefined;
  }

  async #advance(file: FileHandle): Promise<Uint8Array | undefined> {
    const chunk = await read(file, this.#at, Math.min(CHUNK_BYTES, this.#end - this.#at));
    this.#at += chunk.length;
    return chunk.length > 0 ? chunk : undefined;
  }

  async #open(): Promise<FileHandle | undefined> {
    this.#file ??= await openLog(this.#path);
    return this.#file;
  }

  /** What became of the file that is open: nothing, it is shorter than what was read, or its name is another's. */
  async #changeOf(file: FileHandle): Promise<'cut' | 'replaced' | undefined> {
    const [own, current] = [await file.stat(), await lstat(this.#path).catch(() => undefined)];
    if (!current) return undefined;
    if (current.ino !== own.ino || current.dev !== own.dev) return 'replaced';
    return own.size < this.#at ? 'cut' : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}

/** Not to wait for who writes into a pipe; the last name is not followed. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * A log lies in its container's folder in its pod's folder in that of all logs; a link below that, which a pod that sees the
 * folder may put there, would show somebody a file of the node. Undefined where there is no log.
 */
async function openLog(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, FLAGS);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  const container = dirname(path);
  const pod = dirname(container);
  const inPlace = join(await realpath(dirname(pod)), basename(pod), basename(container));
  // What was opened, whatever its name leads to by now.
  const opened = await readlink(`/proc/self/fd/${file.fd}`);
  if (dirname(opened) === inPlace && (await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/** Wakes when something may have changed in a file's folder, and now and then. */
class Changes implements Disposable {
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;

  constructor(path: string) {
    try {
      const watcher = watch(dirname(path), { signal: this.#stop.signal, persistent: false }, () => this.#wake());
      watcher.on('error', () => undefined);
    } catch {
      // The folder is not there, or there are no watches left: it is looked at now and then.
    }
  }

  async next(signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(LOOK_MS, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

async function read(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

/** Waits while the client has enough to do. */
async function write(client: Writable, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (bytes.length === 0 || client.write(bytes)) return;
  await once(client, 'drain', { signal });
}
