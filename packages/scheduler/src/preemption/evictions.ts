import type { Pod } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import { losePromise, type OutcomeDeps } from '../outcome.ts';
import type { PodQueue } from '../queue/pod-queue.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { GroupMeasures } from '../measures/group-measures.ts';
import { sendAway } from './evict.ts';

interface Evicting {
  readonly snapshot: Snapshot;
  readonly queue: PodQueue;
  readonly deps: OutcomeDeps;
  readonly measures: GroupMeasures;
  /** Does it beside everything else. */
  write(work: (signal: AbortSignal) => Promise<void>): void;
}

interface Room {
  readonly pod: Pod;
  readonly nodeName: string;
  readonly victims: readonly Pod[];
  readonly violations: number;
  readonly schedulerName: string;
}

/** Makes room for pods that fit nowhere, on nodes that they are promised. */
export class Evictions {
  readonly #evicting: Evicting;

  constructor(evicting: Evicting) {
    this.#evicting = evicting;
  }

  /** The pod is in the queue, and detained: while some are still to be told, it would only evict others as well. */
  make({ pod, nodeName, victims, violations, schedulerName }: Room): void {
    const { queue, deps, write, snapshot, measures } = this.#evicting;
    this.promise(pod, nodeName);
    measures.violated('pod', violations);
    const staying = victims.filter(({ metadata }) => !metadata.deletionTimestamp);
    const by = { preemptor: pod, nodeName };
    sendAway(
      staying.map((victim) => ({ victim, schedulerName, by })),
      {
        objects: snapshot.objects,
        deps,
        write,
        preemptor: 'pod',
        sent: (sent) => measures.sent(sent),
        done: () => queue.letGo(keyOf(pod)),
      },
    );
  }

  /** Promises it that node, and takes the promise from those that are less important. */
  promise(pod: Pod, nodeName: string): void {
    const { snapshot, queue, deps, write } = this.#evicting;
    const lesser = [...snapshot.nominatedOn(nodeName)]
      .map((placed) => placed.pod)
      .filter((other) => (other.spec.priority ?? 0) < (pod.spec.priority ?? 0));
    for (const other of lesser) {
      snapshot.unnominate(keyOf(other));
      queue.add(other);
      write((signal) => losePromise(other, deps, signal));
    }
    snapshot.nominate(pod, nodeName);
  }
}
