import type { Pod } from '@navarch/api';
import { Heap } from '@navarch/base';
import { keyOf } from '@navarch/machinery';
import { prioritySort, type Waiting } from '../plugins/priority-sort.ts';

/** How long a pod that was tried in vain is left alone at least: doubled every time, up to the most. */
export interface BackOff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Within a second pods come back by their importance, not by the millisecond (KEP-5142). */
const WINDOW_MS = 1000;

interface Entry extends Waiting {
  readonly pod: Pod;
  readonly dueMs: number;
}

/**
 * Pods that are left alone for a while. Those that fitted nowhere are only kept from being in the way of others, and may
 * come earlier where there is nobody else; those that met an error wait for as long as it was said.
 */
export class BackOffs {
  readonly #after: BackOff;
  readonly #entries = new Map<string, Entry>();
  readonly #unfit = new Heap<Entry>(comesFirst);
  readonly #failed = new Heap<Entry>(comesFirst);
  #order = 0;

  constructor(after: BackOff) {
    this.#after = after;
  }

  get size(): number {
    return this.#entries.size;
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  /** How long it takes after so many tries in vain. */
  lengthMs(tries: number): number {
    const { initialMs, maxMs } = this.#after;
    return Math.min(initialMs * 2 ** Math.min(tries - 1, 30), maxMs);
  }

  /** Until then; gives the time at which it comes back. */
  add(pod: Pod, untilMs: number, isError: boolean): number {
    const key = keyOf(pod);
    const dueMs = isError ? untilMs : (Math.floor(untilMs / WINDOW_MS) + 1) * WINDOW_MS;
    const entry = { key, pod, dueMs, priority: pod.spec.priority ?? 0, order: this.#order++ };
    this.#entries.set(key, entry);
    (isError ? this.#failed : this.#unfit).push(entry);
    return dueMs;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  get nextDueMs(): number | undefined {
    const dues = [this.#current(this.#unfit)?.dueMs, this.#current(this.#failed)?.dueMs].filter(
      (dueMs) => dueMs !== undefined,
    );
    return dues.length > 0 ? Math.min(...dues) : undefined;
  }

  /** One that may come before its time, where nobody else wants to be tried. */
  takeEarly(): Pod | undefined {
    return this.#take(this.#unfit);
  }

  /** One whose time has come. */
  takeDue(nowMs: number): Pod | undefined {
    for (const heap of [this.#unfit, this.#failed]) {
      const next = this.#current(heap);
      if (next && next.dueMs <= nowMs) return this.#take(heap);
    }
    return undefined;
  }

  #take(heap: Heap<Entry>): Pod | undefined {
    const next = this.#current(heap);
    if (!next) return undefined;
    heap.pop();
    this.#entries.delete(next.key);
    return next.pod;
  }

  /** An entry that is not the newest of its pod is about the past. */
  #current(heap: Heap<Entry>): Entry | undefined {
    for (let next = heap.peek(); next; next = heap.peek()) {
      if (this.#entries.get(next.key) === next) return next;
      heap.pop();
    }
    return undefined;
  }
}

const comesFirst = (a: Entry, b: Entry): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && prioritySort(a, b));
