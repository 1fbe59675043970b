import { type Clock, type Logger, settleAll, type TaskGroup } from '@navarch/base';
import { type NodeDirs, podDir, POD_UID } from './container-config.ts';
import type { CsiVolumes } from './csi/csi-volumes.ts';
import type { Container, ContainerRuntime } from './cri/index.ts';
import { orGone } from './cri/or-gone.ts';
import type { Files } from './ports.ts';
import { unmountPod } from './volumes/unmount-pod.ts';

export interface OrphansDeps {
  readonly runtime: ContainerRuntime;
  readonly files: Files;
  readonly csi?: CsiVolumes;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dirs: NodeDirs;
}

const GRACE_SECONDS = 30;
const RETRY_MS = 5_000;

/** What is left of pods that the API no longer knows: nobody will ask for its end again. */
export class Orphans {
  readonly #deps: OrphansDeps;
  readonly #group: TaskGroup;
  /** Uids of pods that are being ended. */
  readonly #tended = new Set<string>();

  constructor(deps: OrphansDeps, group: TaskGroup) {
    this.#deps = deps;
    this.#group = group;
  }

  /** Ends the pod and removes all of it, gracefully; once, however often it is asked. */
  tend(uid: string): void {
    if (this.#tended.has(uid)) return;
    this.#tended.add(uid);
    this.#group.spawn(async (signal) => {
      try {
        await end(uid, this.#deps, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#deps.log.warn('cannot end a pod that is gone', { uid, error });
        await this.#deps.clock.sleep(RETRY_MS, signal).catch(() => undefined);
      } finally {
        this.#tended.delete(uid);
      }
    });
  }

  /** Removes folders of pods that are neither in the API nor in the runtime. */
  async sweep(isKnown: (uid: string) => boolean): Promise<void> {
    const { files, dirs, csi, log } = this.#deps;
    const isGone = (uid: string): boolean => uid !== '' && !isKnown(uid) && !this.#tended.has(uid);
    // Beside each other: a driver that is away, or silent for minutes, keeps nobody else from going.
    await settleAll(
      (await files.list(`${dirs.root}/pods`))
        .filter(isGone)
        .map((uid) =>
          removeFolders(uid, this.#deps).catch((error: unknown) =>
            log.warn('cannot remove what is left of a pod', { uid, error }),
          ),
        ),
    );
    await csi?.sweep();
    for (const name of await files.list(dirs.podLogs))
      if (isGone(name.slice(name.lastIndexOf('_') + 1))) await files.removeTree(`${dirs.podLogs}/${name}`);
  }
}

async function end(uid: string, deps: OrphansDeps, signal: AbortSignal): Promise<void> {
  const { runtime } = deps;
  const filter = { labelSelector: { [POD_UID]: uid } };
  const { containers } = await runtime.listContainers({ filter }, signal);
  await settleAll(
    containers
      .filter((c) => c.state === 'CONTAINER_RUNNING')
      .map((c) => orGone(runtime.stopContainer({ containerId: c.id, timeout: graceOf(c) }, signal))),
  );
  const { items } = await runtime.listPodSandbox({ filter }, signal);
  for (const { id, metadata } of items) {
    await orGone(runtime.stopPodSandbox({ podSandboxId: id }, signal));
    await orGone(runtime.removePodSandbox({ podSandboxId: id }, signal));
    if (metadata) await deps.files.removeTree(`${deps.dirs.podLogs}/${metadata.namespace}_${metadata.name}_${uid}`);
  }
  await removeFolders(uid, deps);
}

function graceOf({ annotations }: Container): number {
  const seconds = Number(annotations['io.kubernetes.pod.terminationGracePeriod']);
  return Number.isFinite(seconds) ? seconds : GRACE_SECONDS;
}

async function removeFolders(uid: string, deps: OrphansDeps): Promise<void> {
  const { files, dirs } = deps;
  await unmountPod(uid, { host: deps, dirs });
  await files.removeTree(podDir(dirs, uid));
}
