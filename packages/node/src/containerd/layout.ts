import { join } from 'node:path';

/** Where one private containerd keeps everything. All of it lies in one folder, so that teardown knows its own. */
export interface ContainerdLayout {
  readonly dir: string;
  /** Images and snapshots: kept until teardown. */
  readonly root: string;
  /** Running pods: bundles, sandbox files, network namespaces, runc's own state. */
  readonly state: string;
  readonly runcRoot: string;
  readonly socket: string;
  readonly config: string;
  readonly registries: string;
  readonly cniConfDir: string;
  readonly cniStateDir: string;
  readonly log: string;
  readonly record: string;
}

/** Linux's bound on a unix socket's path, less the final zero and what containerd appends to it (`.ttrpc`). */
const SOCKET_PATH_MAX = 107 - '.ttrpc'.length;

/** Throws when the folder's path is so long that no socket fits below it. */
export function containerdLayout(dir: string): ContainerdLayout {
  const socket = join(dir, 'containerd.sock');
  if (Buffer.byteLength(socket) > SOCKET_PATH_MAX) {
    throw new Error(
      `cannot keep containerd in ${dir}: the path is too long for a unix socket; choose a shorter folder`,
    );
  }
  const state = join(dir, 'state');
  return {
    dir,
    root: join(dir, 'root'),
    state,
    runcRoot: join(state, 'runc'),
    socket,
    config: join(dir, 'config.toml'),
    registries: join(dir, 'registries'),
    cniConfDir: join(dir, 'cni', 'conf'),
    cniStateDir: join(dir, 'cni', 'state'),
    log: join(dir, 'containerd.log'),
    record: join(dir, 'containerd.json'),
  };
}
