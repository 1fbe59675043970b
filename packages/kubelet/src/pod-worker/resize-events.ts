import type { Container, Pod } from '@navarch/api';
import type { Rejection } from '../pod-machine/memory.ts';
import type { PodEvents } from './pod-events.ts';

/** Where a resize stands: what was told of it, and for which generation of the pod. */
interface Stage {
  readonly generation: number;
  /** Absent: it is under way. */
  readonly refusal?: Rejection;
}

/** Tells once of each resize that it waits, that it begins and that it is over (KEP-1287). */
export class ResizeEvents {
  readonly #events: Pick<PodEvents, 'about'>;
  #stage: Stage | undefined;
  /** The generation whose resources the containers have had; a kubelet that begins gives them once more, which is no news. */
  #finished: number | undefined;

  /** What the kubelet before this one told stands in the pod's conditions. */
  constructor(events: Pick<PodEvents, 'about'>, pod: Pod) {
    this.#events = events;
    const { conditions = [], observedGeneration: seen } = pod.status;
    for (const { type, status, reason = '', message = '', observedGeneration } of conditions) {
      if (status !== 'True') continue;
      const generation = Number(observedGeneration ?? 0);
      if (type === 'PodResizeInProgress') this.#stage = { generation };
      if (type === 'PodResizePending') this.#stage = { generation, refusal: { reason, message } };
    }
    if (!this.#stage && seen !== undefined) this.#finished = Number(seen);
  }

  /** `isOutgrown`: containers have not what the pod asks for. */
  follow(pod: Pod, isOutgrown: boolean, refusal: Rejection | undefined): void {
    const before = this.#stage;
    const generation = Number(pod.metadata.generation ?? 0);
    if (!isOutgrown) {
      if (before && !before.refusal)
        this.#events.about('Normal', 'ResizeCompleted', `Pod resize completed: ${summary(pod, before.generation)}`);
      this.#stage = undefined;
      this.#finished = generation;
      return;
    }
    if (generation === this.#finished) return;
    if (before?.generation === generation && isSame(before.refusal, refusal)) return;
    this.#stage = { generation, ...(refusal ? { refusal } : {}) };
    if (refusal) {
      const { reason, message } = refusal;
      this.#events.about(
        'Warning',
        `Resize${reason}`,
        `Pod resize ${reason}: ${summary(pod, generation, { error: message })}`,
      );
    } else this.#events.about('Normal', 'ResizeStarted', `Pod resize started: ${summary(pod, generation)}`);
  }
}

const isSame = (one: Rejection | undefined, other: Rejection | undefined): boolean =>
  one?.reason === other?.reason && one?.message === other?.message;

/** What the pod asks for, as upstream prints it. */
const summary = ({ spec }: Pod, generation: number, more: { readonly error?: string } = {}): string =>
  JSON.stringify({
    ...(spec.initContainers?.length ? { initContainers: spec.initContainers.map(shown) } : {}),
    containers: spec.containers.map(shown),
    generation,
    ...more,
  });

const shown = ({ name, resources: { limits, requests, claims } }: Container): object => ({
  name,
  resources: { limits: sorted(limits), requests: sorted(requests), claims },
});

const sorted = (list: Readonly<Record<string, string>> | undefined): object | undefined =>
  list && Object.fromEntries(Object.entries(list).toSorted(([a], [b]) => (a < b ? -1 : 1)));
