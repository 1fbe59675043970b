import type { Pod } from '@navarch/api';
import type { Clock, TaskGroup } from '@navarch/base';
import type { NamedObjects } from '../named-objects/named-objects.ts';
import { namedBy, type PodVolumes } from '../volumes/pod-volumes.ts';

/** Everything that is live is looked at within this time, whatever was told; also the longest time between two looks. */
export const SYNC_MS = 60_000;

export interface LiveVolumesDeps {
  readonly volumes: PodVolumes;
  readonly objects: NamedObjects;
  readonly clock: Clock;
  readonly syncMs: number;
  /** What could not be brought up to date. */
  problem(message: string): void;
  /** Something that the pod names is not what it was. */
  changed(): void;
}

/** Brings the files of a pod up to date that are made from cluster objects: one try at a time, however much changes meanwhile. */
export class LiveVolumes {
  readonly #deps: LiveVolumesDeps;
  /** Wall clock, milliseconds; zero until the volumes have been made. */
  #dueAt = 0;
  #isAllStale = false;
  readonly #stale = new Set<string>();
  #isBusy = false;

  constructor(deps: LiveVolumesDeps) {
    this.#deps = deps;
  }

  /** Begins to hear of the objects that the pod names: before they are first read, so that nothing is missed between. */
  follow(pod: Pod): void {
    const { uid, namespace = '' } = pod.metadata;
    const named = namedBy(pod);
    if (named.length === 0) return;
    this.#deps.objects.follow(uid, namespace, named, (id) => {
      this.#stale.add(id);
      this.#deps.changed();
    });
  }

  /** The files are of no use to anybody any more. */
  leave(pod: Pod): void {
    this.#deps.objects.forget(pod.metadata.uid);
    this.#stale.clear();
  }

  /** Facts of the pod itself have changed: it is told them. */
  dueNow(): void {
    if (this.#dueAt > 0) this.#dueAt = this.#deps.clock.now();
  }

  /** Brings up to date what is to be, of volumes that are there. Answers when they are to be looked at next. */
  keep(pod: Pod, now: number, group: TaskGroup): number {
    const { syncMs } = this.#deps;
    if (this.#dueAt === 0) this.#dueAt = now + syncMs; // They have just been made.
    if (now >= this.#dueAt) {
      this.#isAllStale = true;
      this.#dueAt = now + syncMs;
    }
    if (!this.#isBusy && (this.#isAllStale || this.#stale.size > 0)) group.spawn(() => this.#refresh(pod));
    return this.#dueAt;
  }

  async #refresh(pod: Pod): Promise<void> {
    const stale = this.#isAllStale ? undefined : new Set(this.#stale);
    this.#isAllStale = false;
    this.#stale.clear();
    this.#isBusy = true;
    for (const { message } of await this.#deps.volumes.refresh(pod, stale)) this.#deps.problem(message);
    this.#isBusy = false;
    if (this.#isAllStale || this.#stale.size > 0) this.#deps.changed();
  }
}
