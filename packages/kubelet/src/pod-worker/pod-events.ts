import type { Pod, PodStatus } from '@navarch/api';
import type { Recorder } from '@navarch/client';
import { OVERDUE } from '../pod-machine/verdict.ts';

type Type = 'Normal' | 'Warning';

/** The events of one pod, in upstream's words. */
export class PodEvents {
  readonly #recorder: Recorder;
  readonly #pod: () => Pod;
  /** By container name: the run whose pause was announced last. */
  readonly #announced = new Map<string, number>();
  #isOverdueTold = false;

  constructor(recorder: Recorder, pod: () => Pod) {
    this.#recorder = recorder;
    this.#pod = pod;
  }

  about(type: Type, reason: string, message: string, container?: string): void {
    const { apiVersion, kind, metadata, spec } = this.#pod();
    const list = spec.initContainers?.some((c) => c.name === container)
      ? 'initContainers'
      : spec.ephemeralContainers?.some((c) => c.name === container)
        ? 'ephemeralContainers'
        : 'containers';
    this.#recorder.record(
      {
        apiVersion,
        kind,
        name: metadata.name,
        namespace: metadata.namespace ?? '',
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        ...(container ? { fieldPath: `spec.${list}{${container}}` } : {}),
      },
      { type, reason, message },
    );
  }

  /** Says once of every pause between two runs of a container that there is one, and once that the pod's time is over. */
  announce(status: PodStatus): void {
    const { metadata, status: known } = this.#pod();
    const { name, namespace, uid } = metadata;
    const { reason, message = '' } = status;
    if (reason === OVERDUE && known.reason !== reason && !this.#isOverdueTold) {
      this.#isOverdueTold = true;
      this.about('Normal', reason, message);
    }
    for (const { name: container, state, restartCount } of [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
    ]) {
      if (state.waiting?.reason !== 'CrashLoopBackOff' || this.#announced.get(container) === restartCount) continue;
      this.#announced.set(container, restartCount);
      this.about(
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`,
        container,
      );
    }
  }
}
