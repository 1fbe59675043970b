import { formatDouble } from '../go-values.ts';
import { readJson, writeJson } from '../json-text.ts';
import { Memo } from '@navarch/base';

/**
 * A set of places in an object, in the form it has on the wire (metav1.FieldsV1): a trie whose steps are path elements
 * `f:name` (a field or a map's key), `k:{"name":"a"}` (the item of a list map with these keys), `v:"a"` (the item of a set).
 * A place is in the set when its node has nothing below it, or has a member `.` besides what is below.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

const HERE = '.';
const EMPTY: FieldSet = {};

export const isEmptySet = (set: FieldSet): boolean => {
  for (const _ in set) return false;
  return true;
};

/** Whether the node's own place is in the set. */
const isMember = (node: FieldSet): boolean => node[HERE] !== undefined || isEmptySet(node);

/** Adds a place to a set that is being built. */
export function insertPath(set: FieldSet, path: readonly string[]): void {
  let node = set as Record<string, FieldSet>;
  for (let i = 0; i < path.length; i++) {
    const element = path[i] as string;
    const next = node[element] as Record<string, FieldSet> | undefined;
    const isLast = i === path.length - 1;
    if (!next) node = node[element] = {};
    else {
      // A node with nothing below is a member; it says so in words once it gets something below.
      if (isLast ? !isEmptySet(next) : isEmptySet(next)) next[HERE] = {};
      node = next;
    }
  }
}

/** Puts a node at a place where nothing is yet, in a set that is being built. */
export function insertNode(set: FieldSet, path: readonly string[], added: FieldSet): void {
  let node = set as Record<string, FieldSet>;
  for (let i = 0; i < path.length - 1; i++) {
    const element = path[i] as string;
    const next = node[element] as Record<string, FieldSet> | undefined;
    if (next && isEmptySet(next)) next[HERE] = {};
    node = next ?? (node[element] = {});
  }
  node[path.at(-1) as string] = added;
}

/** The node of a place: what is below it, and whether it is a member itself; undefined when neither. */
export function nodeOf(below: FieldSet, member: boolean): FieldSet | undefined {
  if (isEmptySet(below)) return member ? EMPTY : undefined;
  return member ? { [HERE]: EMPTY, ...below } : below;
}

function combined(
  a: FieldSet,
  b: FieldSet,
  pick: (a: FieldSet | undefined, b: FieldSet | undefined) => FieldSet | undefined,
): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const element in a) {
    if (element === HERE) continue;
    const node = pick(a[element], b[element]);
    if (node) out[element] = node;
  }
  for (const element in b) {
    if (element === HERE || a[element]) continue;
    const node = pick(undefined, b[element]);
    if (node) out[element] = node;
  }
  return out;
}

/** The one itself where the other is empty. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  return combined(a, b, (x, y) => (x && y ? nodeOf(union(x, y), isMember(x) || isMember(y)) : (x ?? y)));
}

/** `a` itself where it has nothing of `b`. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet => (meets(a, b) ? minus(a, b) : a);

function minus(a: FieldSet, b: FieldSet): FieldSet {
  return combined(a, b, (x, y) => (x && y ? nodeOf(minus(x, y), isMember(x) && !isMember(y)) : x));
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return combined(a, b, (x, y) => (x && y ? nodeOf(intersection(x, y), isMember(x) && isMember(y)) : undefined));
}

/** Whether the sets have a branch in common. */
function meets(a: FieldSet, b: FieldSet): boolean {
  for (const element in b) if (element !== HERE && a[element]) return true;
  return false;
}

/** Whether the place one step down is in the set. */
export const hasChild = (set: FieldSet, element: string): boolean => {
  const node = set[element];
  return node !== undefined && isMember(node);
};

/** What is in the set below the place one step down; undefined: nothing. */
export function below(set: FieldSet, element: string): FieldSet | undefined {
  const node = set[element];
  if (!node) return undefined;
  for (const step in node) if (step !== HERE) return node;
  return undefined;
}

export function isEqualSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  let count = 0;
  for (const element in a) {
    const other = b[element];
    if (!other || !isEqualSet(a[element] as FieldSet, other)) return false;
    count += 1;
  }
  for (const _ in b) count -= 1;
  return count === 0;
}

/** Whether every place in `a` is in `b` too. */
export function isSubset(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  for (const element in a) {
    if (element === HERE) continue;
    const [node, other] = [a[element] as FieldSet, b[element]];
    if (!other || (isMember(node) && !isMember(other)) || !isSubset(node, other)) return false;
  }
  return true;
}

/** Every place in the set: those of one level first, then what is below each, as upstream lists conflicts. */
export function* pathsOf(set: FieldSet, path: readonly string[] = []): Generator<readonly string[]> {
  const elements = Object.keys(set)
    .filter((element) => element !== HERE)
    .sort(compareElements);
  for (const element of elements) if (isMember(set[element] as FieldSet)) yield [...path, element];
  for (const element of elements) yield* pathsOf(set[element] as FieldSet, [...path, element]);
}

/** Where upstream prints one element beside another; items of a list by the values of their keys. */
export function compareElements(a: string, b: string): number {
  if (a.startsWith('k:') && b.startsWith('k:')) {
    const [left, right] = [keysIn(a), keysIn(b)];
    for (const name in left) {
      const x = left[name] as number | string;
      const y = right[name] as number | string | undefined;
      if (y !== undefined && typeof x === typeof y && x !== y) return x < y ? -1 : 1;
    }
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How a value within a record of owners is shown: its numbers are floats to upstream, which has read them. */
export const recordedText = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'bigint' ? formatDouble(Number(value)) : writeJson(value);

/** `.spec.containers[name="a"].image`, as conflicts show it. */
export function pathText(path: readonly string[], shown: (value: unknown) => string = writeJson): string {
  return path
    .map((element) => {
      const rest = element.slice(2);
      switch (element.slice(0, 2)) {
        case 'f:':
          return `.${rest}`;
        case 'k:':
          return `[${Object.entries(readJson(rest) as object)
            .map(([name, value]) => `${name}=${valueText(value, shown)}`)
            .join(',')}]`;
        case 'v:':
          return `[=${shown(readJson(rest))}]`;
        default:
          return `[${rest}]`;
      }
    })
    .join('');
}

/** As upstream's paths show a value: that of a key is a scalar where nobody is wrong. */
function valueText(value: unknown, shown: (value: unknown) => string): string {
  if (Array.isArray(value)) return `[${value.map((item) => valueText(item, shown)).join(',')}]`;
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, inside]) => `${name}=${valueText(inside, shown)}`)
      .join('');
  return shown(value);
}

/** Elements recur in every object of a template. */
const elementKeys = new Memo<Readonly<Record<string, unknown>>>(2000);

const keysIn = (element: string): Readonly<Record<string, unknown>> =>
  elementKeys.get(element, () => readJson(element.slice(2)) as Readonly<Record<string, unknown>>);
