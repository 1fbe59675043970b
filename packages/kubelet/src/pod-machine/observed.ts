import type { ContainerStatus } from '../cri/index.ts';

/** What the runtime holds of one pod, newest attempts first. Everything the kubelet knows after a restart is here. */
export interface Observed {
  readonly sandboxes: readonly ObservedSandbox[];
  readonly containers: readonly ObservedContainer[];
}

export interface ObservedSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly isReady: boolean;
  readonly createdAt: number;
  /** Empty on the host's network, and before there is one. The others are of the second address family. */
  readonly ip: string;
  readonly additionalIps: readonly string[];
}

/** One instance of a container: each start makes a new one. */
export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly sandboxId: string;
  readonly status: ContainerStatus;
  /** What it wrote to its termination message path. */
  readonly terminationMessage: string;
}

/** What a step has made in the runtime: with it the step is over. */
export type Made =
  | { readonly type: 'sandbox'; readonly id: string }
  | { readonly type: 'container'; readonly id: string; readonly sandboxId: string };

export const nothingObserved: Observed = { sandboxes: [], containers: [] };

export const isCreated = (instance: ObservedContainer): boolean => instance.status.state === 'CONTAINER_CREATED';
export const isRunning = (instance: ObservedContainer): boolean => instance.status.state === 'CONTAINER_RUNNING';
export const isExited = (instance: ObservedContainer): boolean => instance.status.state === 'CONTAINER_EXITED';
/** The runtime lost track of it: it may run. */
const isUnknown = (instance: ObservedContainer): boolean => instance.status.state === 'CONTAINER_UNKNOWN';
/** Whatever becomes of it from here on shows in what lists say of it: ids and states. */
export const isSettled = ({ sandboxes, containers }: Observed): boolean =>
  sandboxes.every(({ isReady, ip }) => !isReady || ip !== '') &&
  containers.every((instance) => isRunning(instance) || isExited(instance));
/** Has processes, or may have. */
export const isAlive = (instance: ObservedContainer): boolean => isRunning(instance) || isUnknown(instance);
