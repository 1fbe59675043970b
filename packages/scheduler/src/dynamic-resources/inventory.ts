import { deviceTaintRule, type Node, resourceSlice } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { keyOfPool, type Slice } from './devices.ts';
import { byTurn, concerns, type Pool, poolOf } from './pool.ts';

/**
 * Every device of the cluster, by what can be used where. Read when somebody first asks; then kept by events, and of a
 * pool that changed only that pool is put together anew. As large as what drivers publish.
 */
export class Inventory {
  readonly #objects: CacheReader;
  /** By pool, then by name of the slice. */
  #slices: Map<string, Map<string, Slice>> | undefined;
  readonly #pools = new Map<string, Pool>();
  /** Pools with slices of one node. */
  readonly #local = new Map<string, Map<string, number>>();
  /** Pools with slices that may be of any node. */
  readonly #wide = new Map<string, number>();
  /** Counts changes. */
  #tick = 0;
  /** The last that may have to do with every node. */
  #allAt = 0;
  /** The last of each pool, and of who uses it. */
  readonly #poolAt = new Map<string, number>();

  constructor(objects: CacheReader) {
    this.#objects = objects;
  }

  /** The pools that the node can use something of, in the order in which they are tried. */
  poolsFor(node: Node): readonly Pool[] {
    this.#read();
    const keys = new Set([...(this.#local.get(node.metadata.name)?.keys() ?? []), ...this.#wide.keys()]);
    return [...keys]
      .map((key) => this.pool(key))
      .filter((pool) => concerns(pool, node))
      .toSorted(byTurn);
  }

  /** Another number after each change of what the node can use; the node itself may change besides. */
  stampOf({ metadata: { name } }: Node): number {
    this.#read();
    let stamp = this.#allAt;
    for (const keys of [this.#local.get(name), this.#wide])
      for (const key of keys?.keys() ?? []) stamp = Math.max(stamp, this.#poolAt.get(key) ?? 0);
    return stamp;
  }

  /** Somebody has got something of the pool, or given it back. */
  usageChanged(key: string): void {
    if (this.#slices?.has(key)) this.#poolAt.set(key, ++this.#tick);
  }

  pool(key: string): Pool {
    const slices = this.#read().get(key);
    let pool = this.#pools.get(key);
    if (!pool) {
      pool = poolOf(key, [...(slices?.values() ?? [])], this.#objects.list(deviceTaintRule));
      if (slices) this.#pools.set(key, pool);
    }
    return pool;
  }

  sliceChanged(current: Slice | undefined, previous: Slice | undefined): void {
    if (!this.#slices) return;
    if (previous) this.#take(previous, this.#slices);
    if (current) this.#put(current, this.#slices);
    // A pool that is gone from a node changes no pool that the node still has.
    const stays = current && previous && placeOf(current) === placeOf(previous);
    if (previous && !stays) this.#allAt = ++this.#tick;
  }

  /** A rule may be about any device. */
  rulesChanged(): void {
    this.#pools.clear();
    this.#allAt = ++this.#tick;
  }

  #read(): Map<string, Map<string, Slice>> {
    if (this.#slices) return this.#slices;
    const slices = (this.#slices = new Map());
    for (const slice of this.#objects.list(resourceSlice)) this.#put(slice, slices);
    return slices;
  }

  #put(slice: Slice, slices: Map<string, Map<string, Slice>>): void {
    const key = poolKeyOf(slice);
    const held = slices.get(key);
    if (held) held.set(slice.metadata.name, slice);
    else slices.set(key, new Map([[slice.metadata.name, slice]]));
    this.#pools.delete(key);
    this.#poolAt.set(key, ++this.#tick);
    this.#count(slice, key, 1);
  }

  #take(slice: Slice, slices: Map<string, Map<string, Slice>>): void {
    const key = poolKeyOf(slice);
    const held = slices.get(key);
    if (!held?.delete(slice.metadata.name)) return;
    if (held.size === 0) {
      slices.delete(key);
      this.#poolAt.delete(key);
    }
    this.#pools.delete(key);
    this.#count(slice, key, -1);
  }

  #count({ spec }: Slice, key: string, by: 1 | -1): void {
    // Slices of counters alone can be used by nobody: the pool's others say by whom it is.
    if (!spec.nodeName) return add(this.#wide, key, by);
    const held = this.#local.get(spec.nodeName) ?? new Map<string, number>();
    add(held, key, by);
    if (held.size > 0) this.#local.set(spec.nodeName, held);
    else this.#local.delete(spec.nodeName);
  }
}

/** Where a slice is listed. */
const placeOf = (slice: Slice): string => `${poolKeyOf(slice)} ${slice.spec.nodeName ?? ''}`;

const poolKeyOf = ({ spec }: Slice): string => keyOfPool({ driver: spec.driver, pool: spec.pool.name });

function add(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
