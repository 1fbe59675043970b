import type { Pod } from '@navarch/api';
import { type Clock, Notifier, type TaskGroup } from '@navarch/base';
import { keyOf } from '@navarch/machinery';

const BACK_OFF_MS_MIN = 1000;
const BACK_OFF_MS_MAX = 10_000;
/** A parked pod that nothing woke is looked at again after this time. */
const FLUSH_MS = 5 * 60_000;
/** How often parked pods are looked at for one whose time has come: one timer for all, however many wait. */
const TICK_MS = 250;

interface Waiting {
  readonly key: string;
  readonly priority: number;
  readonly order: number;
}
interface Parked {
  readonly pod: Pod;
  readonly wakes: ReadonlySet<string>;
  /** On the monotonic clock. */
  readonly dueMs: number;
}

/** Pods that want a node: ready ones by priority and age; parked ones until something that could help happens. */
export class PodQueue {
  readonly #heap: Waiting[] = [];
  readonly #ready = new Set<string>();
  readonly #parked = new Map<string, Parked>();
  readonly #attempts = new Map<string, number>();
  readonly #arrived = new Notifier();
  readonly #clock: Clock;
  readonly #hasParked = new Notifier();
  #order = 0;

  constructor(clock: Clock, group: TaskGroup) {
    this.#clock = clock;
    group.spawn((signal) => this.#flush(signal));
  }

  add(pod: Pod): void {
    const key = keyOf(pod);
    this.#parked.delete(key);
    if (this.#ready.has(key)) return;
    this.#ready.add(key);
    push(this.#heap, { key, priority: pod.spec.priority ?? 0, order: this.#order++ });
    this.#arrived.notify();
  }

  remove(key: string): void {
    this.#ready.delete(key);
    this.#parked.delete(key);
    this.#attempts.delete(key);
  }

  async take(signal: AbortSignal): Promise<string> {
    for (;;) {
      const next = pop(this.#heap);
      if (!next) {
        await this.#arrived.wait(signal);
        continue;
      }
      if (!this.#ready.delete(next.key)) continue; // Removed while it waited.
      return next.key;
    }
  }

  /** It fits nowhere: wait for one of these events. */
  park(pod: Pod, wakes: ReadonlySet<string>): void {
    const key = keyOf(pod);
    this.#attempts.set(key, (this.#attempts.get(key) ?? 0) + 1);
    this.#wait(pod, wakes, FLUSH_MS);
  }

  wake(event: string): void {
    for (const [key, parked] of this.#parked) {
      if (!parked.wakes.has(event)) continue;
      this.#parked.delete(key);
      this.retry(parked.pod);
    }
  }

  /** Again after a pause that grows with every failure. */
  retry(pod: Pod): void {
    const attempts = this.#attempts.get(keyOf(pod)) ?? 1;
    this.#wait(pod, new Set(), Math.min(BACK_OFF_MS_MIN * 2 ** Math.min(attempts - 1, 8), BACK_OFF_MS_MAX));
  }

  #wait(pod: Pod, wakes: ReadonlySet<string>, ms: number): void {
    this.#parked.set(keyOf(pod), { pod, wakes, dueMs: this.#clock.monotonic() + ms });
    this.#hasParked.notify();
  }

  async #flush(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#parked.size === 0) await this.#hasParked.wait(signal).catch(() => undefined);
      else await this.#clock.sleep(TICK_MS, signal).catch(() => undefined);
      const now = this.#clock.monotonic();
      for (const { pod, dueMs } of this.#parked.values()) if (dueMs <= now) this.add(pod);
    }
  }
}

const before = (a: Waiting, b: Waiting): boolean => a.priority > b.priority || (a.priority === b.priority && a.order < b.order);

function push(heap: Waiting[], item: Waiting): void {
  let i = heap.length;
  heap.push(item);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!before(item, heap[parent] as Waiting)) break;
    heap[i] = heap[parent] as Waiting;
    i = parent;
  }
  heap[i] = item;
}

function pop(heap: Waiting[]): Waiting | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (!top || !last || heap.length === 0) return top;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Waiting, heap[child] as Waiting)) child += 1;
    if (!before(heap[child] as Waiting, last)) break;
    heap[i] = heap[child] as Waiting;
    i = child;
  }
  heap[i] = last;
  return top;
}
