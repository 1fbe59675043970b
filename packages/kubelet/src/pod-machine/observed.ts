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
  /** Empty on the host's network, and before there is one. */
  readonly ip: string;
}

export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly sandboxId: string;
  readonly status: ContainerStatus;
  /** What it wrote to its termination message path. */
  readonly terminationMessage: string;
}

export const nothingObserved: Observed = { sandboxes: [], containers: [] };

export const isRunning = (container: ObservedContainer): boolean => container.status.state === 'CONTAINER_RUNNING';
export const isExited = (container: ObservedContainer): boolean => container.status.state === 'CONTAINER_EXITED' || container.status.state === 'CONTAINER_UNKNOWN';

/** The newest instance of a container. */
export const newest = (observed: Observed, name: string): ObservedContainer | undefined => observed.containers.find((c) => c.name === name);
