import type { Container, Pod } from '@navarch/api';
import { isSidecar } from '@navarch/api';
import type { Hint, Hints } from './hints.ts';

/** Something that is given out by places: processors, memory, devices. */
export interface TopologyProvider {
  /** Where the container could have what it asks for. */
  hints(pod: Pod, container: Container): Hints;
  /** Where all containers of the pod could have it together. */
  podHints(pod: Pod): Hints;
  /**
   * Gives the container what it asks for, from there as far as it can be. What it has already it keeps. Throws
   * AdmissionError.
   */
  allocate(pod: Pod, container: Container, hint: Hint, signal: AbortSignal): void | Promise<void>;
  /** Takes back what the pod was given; false when that was nothing. */
  release(podUid: string): boolean;
}

/** The node cannot run the pod: reason and message of its status, in upstream's words. */
export class AdmissionError extends Error {
  override readonly name = 'AdmissionError';
  readonly reason: string;

  constructor(reason: string, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.reason = reason;
  }
}

/** What upstream says of every refusal that has no reason of its own. */
export const unexpected = (why: string, options: ErrorOptions = {}): AdmissionError =>
  new AdmissionError('UnexpectedAdmissionError', `Allocate failed due to ${why}, which is unexpected`, options);

export type ContainerRole = 'init' | 'sidecar' | 'app';

/** Those that resources are given to, in the order in which they start. */
export const rolesOf = ({ spec }: Pod): readonly (readonly [container: Container, role: ContainerRole])[] => [
  ...(spec.initContainers ?? []).map((c) => [c, isSidecar(c) ? 'sidecar' : 'init'] as const),
  ...spec.containers.map((c) => [c, 'app'] as const),
];

/**
 * What all containers of a pod need at once: init containers run one after the other, each beside the sidecars before
 * it, and leave what they had to those that come after.
 */
export function neededAtOnce(pod: Pod, amountOf: (container: Container) => number): number {
  let sidecars = 0;
  let most = 0;
  let apps = 0;
  for (const [container, role] of rolesOf(pod)) {
    const amount = amountOf(container);
    if (role === 'app') apps += amount;
    else if (role === 'sidecar') sidecars += amount;
    most = Math.max(most, role === 'init' ? sidecars + amount : sidecars);
  }
  return Math.max(most, sidecars + apps);
}
