import { Heap, type TaskGroup } from '@navarch/base';
import { prioritySort, type Waiting } from '../plugins/priority-sort.ts';
import type { Extender } from './extender.ts';

export interface LaneWork {
  readonly group: TaskGroup;
  /** Places one pod with these extenders' word. */
  place(key: string, extenders: readonly Extender[], signal: AbortSignal): Promise<void>;
  /** The pod came again while it was placed: it has changed. */
  again(key: string): void;
}

/**
 * Pods that extenders are asked about, in lanes: those that the same extenders are asked about go one after the other,
 * the more important first, as an extender expects that counts what it gives away. Other lanes, and pods that no extender
 * is asked about, never wait for them. As large as the number of pods without a node.
 */
export class Lanes {
  readonly #work: LaneWork;
  readonly #lanes = new Map<string, Heap<Waiting>>();
  readonly #known = new Map<string, 'waiting' | 'asked' | 'changed'>();
  #order = 0;

  constructor(work: LaneWork) {
    this.#work = work;
  }

  /** Pods that were taken from the queue and are not decided on. */
  get size(): number {
    return this.#known.size;
  }

  add({ key, priority }: Omit<Waiting, 'order'>, extenders: readonly Extender[]): void {
    const state = this.#known.get(key);
    if (state === 'asked') this.#known.set(key, 'changed');
    if (state !== undefined) return;
    this.#known.set(key, 'waiting');
    const name = extenders.map(({ url }) => url).join(' ');
    const lane = this.#lanes.get(name);
    const waiting = { key, priority, order: this.#order++ };
    if (lane) return lane.push(waiting);
    const made = new Heap<Waiting>(prioritySort);
    made.push(waiting);
    this.#lanes.set(name, made);
    this.#work.group.spawn((signal) => this.#run(name, made, extenders, signal));
  }

  async #run(name: string, lane: Heap<Waiting>, extenders: readonly Extender[], signal: AbortSignal): Promise<void> {
    for (let next = lane.pop(); next && !signal.aborted; next = lane.pop()) {
      const { key } = next;
      this.#known.set(key, 'asked');
      await this.#work.place(key, extenders, signal);
      const hasChanged = this.#known.get(key) === 'changed';
      this.#known.delete(key);
      if (hasChanged) this.#work.again(key);
    }
    this.#lanes.delete(name);
  }
}
