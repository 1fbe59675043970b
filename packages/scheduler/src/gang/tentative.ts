import type { Pod } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import type { Errand, Profile } from '../plugin.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/**
 * What would be if pods of a group were where they could be, and their victims gone: it counts in the snapshot for as long
 * as the decision takes, within one turn, and is undone in any case. What is decided is then done anew, pod by pod.
 */
export class Tentative implements Disposable {
  readonly #snapshot: Snapshot;
  readonly #profile: Profile;
  /** In the order in which it was done. */
  readonly #undo: (() => void)[] = [];

  constructor(snapshot: Snapshot, profile: Profile) {
    this.#snapshot = snapshot;
    this.#profile = profile;
  }

  place(pod: Pod, nodeName: string): void {
    const snapshot = this.#snapshot;
    const promised = snapshot.nominatedNodeOf(keyOf(pod));
    snapshot.unnominate(keyOf(pod));
    snapshot.place(pod, nodeName);
    this.#undo.push(() => {
      snapshot.unplace(pod);
      if (promised !== undefined) snapshot.nominate(pod, promised);
    });
    for (const errand of this.#errandsOf(pod, nodeName)) {
      errand.reserve?.();
      this.#undo.push(() => errand.unreserve?.());
    }
  }

  evict(victim: Pod): void {
    const { nodeName } = victim.spec;
    if (!nodeName) return;
    this.#snapshot.unplace(victim);
    this.#undo.push(() => this.#snapshot.place(victim, nodeName));
  }

  #errandsOf(pod: Pod, nodeName: string): readonly Errand[] {
    const node = this.#snapshot.node(nodeName);
    return node
      ? this.#profile.plugins
          .map(({ plugin }) => plugin.errand?.(pod, node, this.#snapshot))
          .filter((errand) => errand !== undefined)
      : [];
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0).toReversed()) undo();
  }
}
