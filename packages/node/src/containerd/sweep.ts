import { uptime } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@navarch/base';
import type { cri } from '@navarch/kubelet';
import type { Cgroups } from '../host/cgroup/port.ts';
import { CommandError } from '../host/command.ts';
import { ctr } from './ctr.ts';
import type { ContainerdLayout } from './layout.ts';
import { readRecord } from './record.ts';
import { belongings, type Stray } from './strays.ts';

export interface SweepOptions {
  readonly layout: ContainerdLayout;
  readonly runtime: Pick<cri.ContainerRuntime, 'listPodSandbox' | 'listContainers' | 'stopPodSandbox'>;
  readonly cgroups: Cgroups;
  /** The group below which pods of the node have theirs. */
  readonly cgroupRoot: string;
  readonly log: Logger;
}

const LOOK_MS = 10_000;
/**
 * Only who is killed loses sight of something. For so many looks after a containerd began, and while something is suspected,
 * each look counts; else one in so many does: all processes of the machine and all groups of its pods are looked through.
 */
const LOOKS_CLOSE = 12;
const LOOKS_APART = 30;
/** So often in a row something must have been without a container: what is being made or taken away is for a moment. */
const LOOKS = 2;
/** A network plugin may take its time before the first process is in a namespace. */
const LOOKS_NAMESPACE = 6;

/** Looks for what has been a stray for a while. */
export class Suspicion {
  #looks = new Map<string, number>();

  get isAny(): boolean {
    return this.#looks.size > 0;
  }

  /**
   * Of what was found: what no container has, and had none before. `listed` are containers that CRI shows; only where one
   * is missing there, as those that are being made are, `known` is asked for all.
   */
  async confirm(
    found: readonly Stray[],
    listed: ReadonlySet<string>,
    known: () => Promise<ReadonlySet<string>>,
  ): Promise<readonly Stray[]> {
    const unlisted = found.filter(({ id }) => id === undefined || !listed.has(id));
    const all = unlisted.some(({ id }) => id !== undefined) ? await known() : listed;
    const strays = unlisted.filter(({ id }) => id === undefined || !all.has(id));
    this.#looks = new Map(strays.map(({ key }) => [key, (this.#looks.get(key) ?? 0) + 1]));
    return strays.filter(({ key, what }) => {
      const enough = what === 'network namespace' ? LOOKS_NAMESPACE : LOOKS;
      return (this.#looks.get(key) ?? 0) >= enough;
    });
  }
}

/** Which looks are worth their price. */
export class Pace {
  #pid: number | undefined;
  /** Of this containerd, this one too. */
  #looks = 0;

  isDue(pid: number, isAnySuspected: boolean): boolean {
    this.#looks = pid === this.#pid ? this.#looks + 1 : 1;
    this.#pid = pid;
    return isAnySuspected || this.#looks <= LOOKS_CLOSE || this.#looks % LOOKS_APART === 0;
  }
}

/**
 * Takes away what containerd lost sight of, until the signal aborts: when it is killed while it makes or ends a container, it
 * knows nothing of a shim that had just begun, and leaves it running with what it runs.
 */
export async function sweepStrays(options: SweepOptions, signal: AbortSignal): Promise<void> {
  const { layout, runtime, cgroups, cgroupRoot, log } = options;
  const suspicion = new Suspicion();
  const pace = new Pace();
  let swept: number | undefined;
  while (!signal.aborted) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      // Whoever finds the groups knows by this that they are somebody's.
      cgroups.touch(cgroupRoot);
      const running = readRecord(layout);
      if (!running || !pace.isDue(running.pid, suspicion.isAny)) continue;
      // In this order: a container is written down before anything of it is made.
      const found = belongings(layout, cgroups, cgroupRoot);
      const { listed, ended } = await listedBy(runtime, signal);
      const held = unreleased(found, ended, runtime);
      const strays = await suspicion.confirm([...found, ...held], listed, () => containers(layout, signal));
      for (const stray of strays) {
        log.warn('removing what containerd lost sight of', { what: stray.what, id: stray.id ?? stray.key });
        await stray.remove(signal);
      }
      if (swept !== running.pid) await releaseOld(layout, beginOf(running.startTicks), signal);
      swept = running.pid;
    } catch (error) {
      // It is away, or a program that does this is: there will be another look.
      if (!signal.aborted) log.warn('cannot look for what containerd lost sight of', { error });
    }
  }
}

/**
 * Addresses of sandboxes that have ended: whoever stopped one was killed when its programs had ended and its network had not
 * been given back. It looks as one that was stopped, and nobody stops it again for as long as its pod is there.
 */
export const unreleased = (
  found: readonly Stray[],
  ended: ReadonlySet<string>,
  runtime: Pick<cri.ContainerRuntime, 'stopPodSandbox'>,
): readonly Stray[] =>
  found.flatMap(({ what, id }) => {
    if (what !== 'address' || id === undefined || !ended.has(id)) return [];
    const remove = async (signal: AbortSignal): Promise<void> =>
      void (await runtime.stopPodSandbox({ podSandboxId: id }, signal));
    return [{ key: `address of ended sandbox ${id}`, what, remove }];
  });

interface Listed {
  readonly listed: ReadonlySet<string>;
  /** Sandboxes in which nothing can run any more. */
  readonly ended: ReadonlySet<string>;
}

async function listedBy(runtime: SweepOptions['runtime'], signal: AbortSignal): Promise<Listed> {
  const { items } = await runtime.listPodSandbox({}, signal);
  const { containers: others } = await runtime.listContainers({}, signal);
  return {
    listed: new Set([...items, ...others].map(({ id }) => id)),
    ended: new Set(items.filter(({ state }) => state === 'SANDBOX_NOTREADY').map(({ id }) => id)),
  };
}

const containers = async (layout: ContainerdLayout, signal: AbortSignal): Promise<ReadonlySet<string>> => {
  const { stdout } = await ctr({ socketPath: layout.socket }, ['containers', 'list', '--quiet'], signal);
  return new Set(stdout.split('\n').filter(Boolean));
};

/** Kernels count the beginnings of processes in hundredths of a second (proc_pid_stat(5), on every architecture of ours). */
const TICK_MS = 10;
const beginOf = (startTicks: string): number => Date.now() - uptime() * 1000 + Number(startTicks) * TICK_MS;

/**
 * What is being made is held by a lease; those of an earlier containerd are nobody's, and hold snapshots for a day. A lease
 * that is named after a folder is of an image that is mounted there.
 */
async function releaseOld(layout: ContainerdLayout, beganMs: number, signal: AbortSignal): Promise<void> {
  const { stdout } = await ctr({ socketPath: layout.socket }, ['leases', 'list'], signal);
  for (const id of oldLeases(stdout, beganMs))
    await ctr({ socketPath: layout.socket }, ['leases', 'delete', '--sync', id], signal).catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error; // Another look has had it.
    });
}

/** Of the table that `ctr leases list` prints. */
export const oldLeases = (table: string, beforeMs: number): readonly string[] =>
  table.split('\n').flatMap((line) => {
    const [, id = '', created = ''] = /^(\S+)\s+(\d{4}-\S+)/.exec(line) ?? [];
    return id !== '' && !id.startsWith('/') && Date.parse(created) < beforeMs ? [id] : [];
  });
