import { type Clock, type Logger, settleAll } from '@navarch/base';
import { CONTAINER_NAME, logPath, type NodeDirs, POD_NAME, POD_NAMESPACE, POD_UID } from '../container-config.ts';
import type { Container, ContainerRuntime } from '../cri/index.ts';
import type { Files } from '../ports.ts';

export interface RotateDeps {
  readonly runtime: ContainerRuntime;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dirs: NodeDirs;
  /** Upstream's usual ones when left out. */
  readonly logLimits?: LogLimits;
}

export interface LogLimits {
  /** A log file is turned over when it has this size. */
  readonly fileBytesMax: number;
  /** So many of a container are kept, the current one among them. */
  readonly filesMax: number;
  /** Looked at at the same time. */
  readonly workers: number;
  readonly lookMs: number;
}

const ORDINARY_LIMITS: LogLimits = { fileBytesMax: 10 * 1024 * 1024, filesMax: 5, workers: 1, lookMs: 10_000 };

/** Keeps the logs of running containers from growing without end, until the signal aborts. */
export async function keepLogsSmall(deps: RotateDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await rotateLogs(deps, signal).catch(
      (error: unknown) => signal.aborted || deps.log.warn('cannot look at container logs', { error }),
    );
    await deps.clock.sleep((deps.logLimits ?? ORDINARY_LIMITS).lookMs, signal).catch(() => undefined);
  }
}

/** Turns over every log that is too large. One that cannot be does not keep the others from it. */
export async function rotateLogs(deps: RotateDeps, signal: AbortSignal): Promise<void> {
  const { runtime, files, log, dirs, logLimits: { fileBytesMax, workers } = ORDINARY_LIMITS } = deps;
  const { containers } = await runtime.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } }, signal);
  const waiting = [...containers];
  const work = async (): Promise<void> => {
    for (let container = waiting.shift(); container; container = waiting.shift()) await look(container);
  };
  const look = async (container: Container): Promise<void> => {
    const path = pathOf(container, dirs);
    try {
      const size = await files.sizeOf(path);
      // A crash between the two steps of a rotation leaves the container without a file.
      if (size === undefined) await runtime.reopenContainerLog({ containerId: container.id }, signal);
      else if (size >= fileBytesMax) await rotate(container.id, path, deps, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn('cannot rotate a container log', { path, error });
    }
  };
  await settleAll(Array.from({ length: workers }, work));
}

const pathOf = ({ labels, metadata }: Container, { podLogs }: NodeDirs): string =>
  `${podLogs}/${labels[POD_NAMESPACE]}_${labels[POD_NAME]}_${labels[POD_UID]}/${logPath(labels[CONTAINER_NAME] ?? '', metadata?.attempt ?? 0)}`;

async function rotate(
  containerId: string,
  path: string,
  { runtime, files, clock, logLimits: { filesMax } = ORDINARY_LIMITS }: RotateDeps,
  signal: AbortSignal,
): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf('/'));
  for (const name of await makeRoom(path, filesMax, files)) {
    if (name.endsWith('.gz')) continue;
    const full = `${folder}/${name}`;
    await files.gzip(full, `${full}.tmp`);
    await files.rename(`${full}.tmp`, `${full}.gz`);
    await files.removeTree(full);
  }
  const stamp = new Date(clock.now()).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  await files.rename(path, `${path}.${stamp}`);
  try {
    await runtime.reopenContainerLog({ containerId }, signal);
  } catch (error) {
    // The container goes on writing to the old file: it stays the current one.
    await files.rename(`${path}.${stamp}`, path);
    throw error;
  }
}

/** Removes what crashes left and what is too old. Resolves to the names of older files that stay, oldest first. */
async function makeRoom(path: string, filesMax: number, files: Files): Promise<readonly string[]> {
  const slash = path.lastIndexOf('/');
  const [folder, prefix] = [path.slice(0, slash), `${path.slice(slash + 1)}.`];
  const names = (await files.list(folder)).filter((name) => name.startsWith(prefix));
  const isLeftover = (name: string): boolean => name.endsWith('.tmp') || names.includes(`${name}.gz`);
  const older = names.filter((name) => !isLeftover(name)).toSorted();
  // Besides those that stay there will be the current file and the one that it is now.
  const surplus = older.slice(0, Math.max(0, older.length - (filesMax - 2)));
  for (const name of [...names.filter(isLeftover), ...surplus]) await files.removeTree(`${folder}/${name}`);
  return older.slice(surplus.length);
}

/** Removes a container's log with all that it was turned over to. */
export async function removeLogs(path: string, files: Files): Promise<void> {
  const slash = path.lastIndexOf('/');
  const [folder, name] = [path.slice(0, slash), path.slice(slash + 1)];
  for (const other of await files.list(folder))
    if (other === name || other.startsWith(`${name}.`)) await files.removeTree(`${folder}/${other}`);
}
