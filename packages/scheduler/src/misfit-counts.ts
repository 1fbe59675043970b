import type { Misfit } from './plugin.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
import type { Snapshot } from './snapshot/snapshot.ts';

/** What was said against nodes, counted for the pod's message. */
export class MisfitCounts {
  readonly #snapshot: Snapshot;
  readonly #reasons = new Map<string, number>();
  readonly #rejectedBy = new Set<string>();
  /** By the rank of the node, 1 where others' going might help; absent: nowhere. */
  #isResolvable: Uint8Array | undefined;
  /** Most nodes say what the last one said. */
  #last: Misfit | undefined;
  #finder = '';
  #times = 0;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  add(found: Misfit, finder: string, slot: number): void {
    if (found !== this.#last || finder !== this.#finder) {
      this.#flush();
      [this.#last, this.#finder] = [found, finder];
    }
    this.#times += 1;
    if (!found.isResolvable) return;
    this.#isResolvable ??= new Uint8Array(this.#snapshot.nodes.length);
    this.#isResolvable[this.#snapshot.ranks[slot] as number] = 1;
  }

  addReason(reason: string, times: number, finders: readonly string[]): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + times);
    for (const name of finders) this.#rejectedBy.add(name);
  }

  get reasons(): ReadonlyMap<string, number> {
    this.#flush();
    return this.#reasons;
  }

  get rejectedBy(): ReadonlySet<string> {
    this.#flush();
    return this.#rejectedBy;
  }

  /** In the order of nodes, as if nothing had been known before: what is remembered must change nothing. */
  get resolvable(): readonly NodeInfo[] {
    const marks = this.#isResolvable;
    return marks ? this.#snapshot.nodes.filter((_, rank) => marks[rank] === 1) : [];
  }

  #flush(): void {
    const last = this.#last;
    if (!last || this.#times === 0) return;
    for (const reason of last.reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + this.#times);
    this.#rejectedBy.add(this.#finder);
    this.#times = 0;
  }
}
