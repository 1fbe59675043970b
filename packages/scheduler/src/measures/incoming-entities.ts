import type { Metrics } from '@navarch/base';
import type { QueuePart } from '../queue/pod-queue.ts';
import { byLabels } from './by-labels.ts';

/** Groups of which it is known where they wait; beyond it the one longest there is forgotten, and counted once more. */
const GROUPS_MAX = 10_000;

/** Counts what comes to the parts of the queue: pods that go by themselves, and groups, each once, not pod by pod. */
export class IncomingEntities {
  readonly #count: (queue: string, event?: string, type?: string) => { add(): void };
  /** Where a group came last, since its last turn. */
  readonly #partOf = new Map<string, QueuePart>();

  constructor(metrics: Metrics) {
    const incoming = metrics.counter(
      'scheduler_queue_incoming_entities_total',
      "[ALPHA] Number of scheduling entities added to scheduling queues by event, queue type, and entity type. Entity types are either 'pod' (for individual pods that are not members of any podgroup) or 'podgroup'.",
    );
    this.#count = byLabels((queue, event = '', type = '') => incoming.of({ event, queue, type }));
  }

  /** A pod came, which is of that group, or of none. */
  came(part: QueuePart, event: string, group: string | undefined): void {
    if (group === undefined) return this.#count(part, event, 'pod').add();
    if (this.#partOf.get(group) === part) return;
    this.#partOf.delete(group);
    this.#partOf.set(group, part);
    if (this.#partOf.size > GROUPS_MAX) this.#partOf.delete(this.#partOf.keys().next().value ?? '');
    this.#count(part, event, 'podgroup').add();
  }

  /** The group has its turn: wherever its pods go from here, it comes there anew. */
  left(group: string): void {
    this.#partOf.delete(group);
  }
}
