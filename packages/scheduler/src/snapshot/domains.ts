import type { NodeInfo } from './node-info.ts';

/** The values that nodes have of one label, numbered: thousands of nodes are asked for theirs by every pod. */
export interface Domains {
  readonly numbers: ReadonlyMap<string, number>;
  /** By the slot of the node; NOWHERE where it has no such label. */
  readonly bySlot: Int32Array;
  /** Every node has the label. */
  readonly isEverywhere: boolean;
}

export const NOWHERE = -1;

/** Labels by which pods are told to spread, or to keep near or apart: a few. */
const LABELS_MAX = 64;

/** Numbers domains when somebody asks first, and anew only after nodes have changed. */
export class DomainNumbers {
  readonly #byLabel = new Map<string, Domains>();

  /** Of nodes as they are: their slots are below `slots`. */
  of(label: string, nodes: readonly NodeInfo[], slots: number): Domains {
    const known = this.#byLabel.get(label);
    if (known) return known;
    const numbers = new Map<string, number>();
    const bySlot = new Int32Array(slots).fill(NOWHERE);
    let isEverywhere = true;
    for (const { slot, labels } of nodes) {
      const domain = labels[label];
      if (domain === undefined) {
        isEverywhere = false;
        continue;
      }
      let number = numbers.get(domain);
      if (number === undefined) numbers.set(domain, (number = numbers.size));
      bySlot[slot] = number;
    }
    const made: Domains = { numbers, bySlot, isEverywhere };
    this.#byLabel.set(label, made);
    if (this.#byLabel.size > LABELS_MAX) this.#byLabel.delete(this.#byLabel.keys().next().value ?? '');
    return made;
  }

  /** Nodes have come, gone, or have other labels. */
  forget(): void {
    this.#byLabel.clear();
  }
}
