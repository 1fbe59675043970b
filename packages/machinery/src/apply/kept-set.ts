import { compareElements, type FieldSet } from './field-set.ts';
import { type Seen, seenBeside } from './seen.ts';

// What is recorded of objects made from one template differs in few places (an address of a pod is one), so that not
// whole sets are kept once but each node of them.

const ROOT = {};
const EMPTY: FieldSet = {};
/** Sets that came out of keptSet(). */
const known = new WeakSet<FieldSet>([EMPTY]);

/** The same set in the printed order, as the object that all who have it share; so is everything in it. */
export const keptSet = (set: FieldSet): FieldSet => (known.has(set) ? set : kept(set, seenBeside(ROOT, ROOT)));

function kept(set: FieldSet, root: Seen): FieldSet {
  if (known.has(set)) return set;
  let seen = root;
  let isKept = true;
  for (const element in set) {
    const node = set[element] as FieldSet;
    const inside = kept(node, root);
    isKept &&= inside === node;
    seen = seen.after(element).after(inside);
  }
  if (seen === root) return EMPTY;
  // Whatever order it was found in: the first that comes in one pays for the look at it.
  if (!seen.fields) known.add((seen.fields = inPrintedOrder(set, isKept, root)));
  return seen.fields;
}

function inPrintedOrder(set: FieldSet, isKept: boolean, root: Seen): FieldSet {
  const elements = Object.keys(set);
  const isInOrder = elements.every((element, i) => i === 0 || compareElements(elements[i - 1] as string, element) <= 0);
  if (isInOrder && isKept) return set;
  const out: Record<string, FieldSet> = {};
  for (const element of isInOrder ? elements : elements.sort(compareElements))
    out[element] = kept(set[element] as FieldSet, root);
  return isInOrder ? out : kept(out, root);
}
