import type { Pod } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import { aboutOf, type ClusterEvent, type SchedulerPlugin } from '../plugin.ts';

interface Held {
  readonly pod: Pod;
  readonly awaited: readonly string[];
}

/**
 * Pods that some plugin's gate keeps from being tried at all. An event costs nothing unless a gate waits for just that
 * claim or group. As large as the number of pods that wait so.
 */
export class HeldPods {
  readonly #keeperOf: (pod: Pod) => SchedulerPlugin<any, any> | undefined;
  readonly #held = new Map<string, Held>();
  /** Keys of the held by what may open their gates. */
  readonly #byTopic = new Map<string, Set<string>>();

  /** `keeperOf` says whose gate is closed to a pod, if anybody's is. */
  constructor(keeperOf: (pod: Pod) => SchedulerPlugin<any, any> | undefined) {
    this.#keeperOf = keeperOf;
  }

  get size(): number {
    return this.#held.size;
  }

  keys(): Iterable<string> {
    return this.#held.keys();
  }

  /** Whether the pod is held, from now on. */
  hold(pod: Pod): boolean {
    const key = keyOf(pod);
    this.release(key);
    const keeper = this.#keeperOf(pod);
    if (!keeper) return false;
    const awaited = keeper.awaits?.(pod) ?? [];
    this.#held.set(key, { pod, awaited });
    for (const topic of awaited) {
      const keys = this.#byTopic.get(topic);
      if (keys) keys.add(key);
      else this.#byTopic.set(topic, new Set([key]));
    }
    return true;
  }

  release(key: string): void {
    const held = this.#held.get(key);
    if (!held) return;
    this.#held.delete(key);
    for (const topic of held.awaited) {
      const keys = this.#byTopic.get(topic);
      keys?.delete(key);
      if (keys?.size === 0) this.#byTopic.delete(topic);
    }
  }

  /** Those whose gates have opened by what happened; they are held no more. */
  openedBy(event: ClusterEvent): readonly Pod[] {
    const topic = aboutOf(event);
    const keys = topic === undefined ? undefined : this.#byTopic.get(topic);
    if (!keys) return NONE;
    const pods = [...keys].flatMap((key) => this.#held.get(key)?.pod ?? []);
    return pods.filter((pod) => !this.hold(pod));
  }
}

const NONE: readonly never[] = [];
