import { Notifier } from '@navarch/base';

/** One request that waits for its turn. */
export interface Waiting {
  readonly turn: Notifier;
  /** Monotonic time it came, ms. */
  readonly since: number;
  /** Which queue it came into. */
  readonly queue: number;
}

export interface QueueShape {
  readonly queues: number;
  /** Queues one flow may use: so that a flow that fills its own leaves nearly all others some that are empty. */
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

/** Queues that take turns, and flows that are dealt a hand of them each (shuffle sharding, KEP-1040). */
export class FairQueues {
  readonly #shape: QueueShape;
  readonly #queues: Waiting[][];
  #last = -1;
  #size = 0;

  constructor(shape: QueueShape) {
    this.#shape = shape;
    this.#queues = Array.from({ length: Math.max(1, shape.queues) }, () => []);
  }

  /** How many there are. */
  get count(): number {
    return this.#queues.length;
  }

  get size(): number {
    return this.#size;
  }

  /** Puts a request of a flow into the shortest queue of its hand; undefined when that one is full. */
  add(flow: string, now: number): Waiting | undefined {
    const queue = this.#handOf(flow).reduce((best, one) => (one.length < best.length ? one : best));
    if (queue.length >= this.#shape.queueLengthLimit) return undefined;
    const waiting = { turn: new Notifier(), since: now, queue: this.#queues.indexOf(queue) };
    queue.push(waiting);
    this.#size += 1;
    return waiting;
  }

  /** The first of the next queue that has any. */
  next(): Waiting | undefined {
    for (let step = 1; step <= this.#queues.length; step++) {
      const at = (this.#last + step) % this.#queues.length;
      const waiting = this.#queues[at]?.shift();
      if (!waiting) continue;
      this.#last = at;
      this.#size -= 1;
      return waiting;
    }
    return undefined;
  }

  remove(waiting: Waiting): void {
    for (const queue of this.#queues) {
      const at = queue.indexOf(waiting);
      if (at < 0) continue;
      queue.splice(at, 1);
      this.#size -= 1;
    }
  }

  /** Always the same queues for the same flow, all different. */
  #handOf(flow: string): readonly Waiting[][] {
    let hash = 0x811c9dc5;
    for (let i = 0; i < flow.length; i++) hash = Math.imul(hash ^ flow.charCodeAt(i), 0x01000193) >>> 0;
    const left = [...this.#queues];
    const hand: Waiting[][] = [];
    for (let i = 0; i < Math.max(1, this.#shape.handSize) && left.length > 0; i++) {
      hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
      hand.push(...left.splice(hash % left.length, 1));
    }
    return hand;
  }
}
