import type { FieldSet } from './field-set.ts';

/** What names and keys of labels have at most; what is longer is not worth its memory. */
const TEXT_MAX = 320;

/**
 * How objects looked that were seen before, as a tree: each step says one thing more of an object, and where two have
 * taken the same steps all the way they own the same fields. Most places have one way on, since most objects are made
 * from few templates: that one is kept without a map.
 */
export class Seen {
  #step: unknown;
  #next: Seen | undefined;
  #others: Map<unknown, Seen> | undefined;
  /** Of an object that ends here. */
  fields: FieldSet | undefined;

  /** The place behind a step, which is told apart by identity. Nobody comes to that behind a long text a second time. */
  after(step: unknown): Seen {
    if (typeof step === 'string' && step.length > TEXT_MAX) return new Seen();
    if (this.#next === undefined) {
      this.#step = step;
      return (this.#next = made());
    }
    if (this.#step === step) return this.#next;
    let next = this.#others?.get(step);
    if (!next) (this.#others ??= new Map()).set(step, (next = made()));
    return next;
  }
}

/** Places of all trees, which are a few dozen for one template. When there are more, the trees begin anew. */
const PLACES_MAX = 50_000;
let places = 0;
let trees = new WeakMap<object, WeakMap<object, Seen>>();

function made(): Seen {
  places += 1;
  return new Seen();
}

/** Where a tree begins: one for each pair of what objects are compared with and what of them is nobody's. */
export function seenBeside(empty: object, unowned: object): Seen {
  if (places > PLACES_MAX) {
    trees = new WeakMap();
    places = 0;
  }
  let byUnowned = trees.get(empty);
  if (!byUnowned) trees.set(empty, (byUnowned = new WeakMap()));
  let root = byUnowned.get(unowned);
  if (!root) byUnowned.set(unowned, (root = made()));
  return root;
}
