import type { ContainerStatus as ApiContainerStatus, Pod, PodStatus } from '@navarch/api';
import type { ContainerState, ContainerStatus } from '../../cri/index.ts';
import { decide } from '../decide.ts';
import { emptyMemory, type Memory } from '../memory.ts';
import type { Observed, ObservedContainer, ObservedSandbox } from '../observed.ts';
import { FAILURES } from '../pod-container.ts';

// A pod, what the runtime holds of it and what the kubelet remembers, written in a line each.

export const NOW = Date.UTC(2026, 0, 1);
export const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

export const ready: Memory = { ...emptyMemory, volumes: 'ready', node: { hostIP: '10.0.0.1', runtimeName: 'memory' } };
export const sandbox: ObservedSandbox = {
  id: 's0',
  attempt: 0,
  isReady: true,
  createdAt: 0,
  ip: '10.244.0.5',
  additionalIps: [],
};
export const deadSandbox: ObservedSandbox = { ...sandbox, isReady: false, ip: '' };

export const container = (name: string, more: object = {}): object => ({ name, image: 'i', resources: {}, ...more });

/** Spec, metadata and status are laid over those of a pod `web` with one container `c`. */
export const podOf = (spec: object = {}, metadata: object = {}, status: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'd', uid: 'u', resourceVersion: '1', creationTimestamp: '', ...metadata },
    spec: { containers: [container('c')], restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...spec },
    status: { phase: 'Pending', ...status },
  }) as unknown as Pod;

export interface InstanceOptions {
  readonly attempt?: number;
  /** When it ended. */
  readonly ago?: number;
  /** How long it ran. */
  readonly ran?: number;
  readonly failures?: number;
  readonly sandboxId?: string;
  readonly message?: string;
  readonly status?: object;
}

/** An instance that runs, was made, is unknown to its runtime, or ended with an exit code. */
export function instance(
  name: string,
  state: 'running' | 'created' | 'unknown' | number,
  options: InstanceOptions = {},
): ObservedContainer {
  const { attempt = 0, ago = 0, ran = 60, failures = attempt, sandboxId = 's0', message = '', status } = options;
  const finishedAt = NOW - ago * 1000;
  const exitCode = typeof state === 'number' ? state : 0;
  const shown: ContainerState =
    state === 'running'
      ? 'CONTAINER_RUNNING'
      : state === 'created'
        ? 'CONTAINER_CREATED'
        : state === 'unknown'
          ? 'CONTAINER_UNKNOWN'
          : 'CONTAINER_EXITED';
  return {
    id: `${name}-${attempt}`,
    name,
    attempt,
    sandboxId,
    terminationMessage: message,
    status: {
      state: shown,
      exitCode,
      createdAt: 1,
      imageRef: 'ref',
      reason: '',
      message: '',
      labels: {},
      annotations: { [FAILURES]: String(failures) },
      startedAt: (finishedAt - ran * 1000) * 1e6,
      finishedAt: typeof state === 'number' ? finishedAt * 1e6 : 0,
      ...status,
    } as unknown as ContainerStatus,
  };
}

/** A ready sandbox with these in it, newest first. */
export const holding = (...containers: readonly ObservedContainer[]): Observed => ({
  sandboxes: [sandbox],
  containers,
});

/** What the API was told of a container. */
export const told = (name: string, more: Partial<ApiContainerStatus>): ApiContainerStatus => ({
  name,
  image: 'i',
  imageID: 'ref',
  ready: false,
  restartCount: 0,
  state: {},
  lastState: {},
  ...more,
});

/** `start c 0, stop-sandbox s0`: what is done, in one line. */
export function steps(pod: Pod, observed: Observed, memory: Memory = ready): string {
  return decide(pod, observed, memory, NOW)
    .actions.map((action) => {
      switch (action.type) {
        case 'start-container':
          return `start ${action.container.name} ${action.attempt}${action.replaces ? ` for ${action.replaces}` : ''}`;
        case 'pre-stop':
          return `pre-stop ${action.id}`;
        case 'stop-container':
          return `stop ${action.id} in ${action.graceSeconds}`;
        case 'remove-container':
          return `remove ${action.id}`;
        case 'start-sandbox':
          return `sandbox ${action.attempt}`;
        case 'post-start':
        case 'stop-sandbox':
        case 'remove-sandbox':
          return `${action.type} ${action.id}`;
        default:
          return action.type;
      }
    })
    .join(', ');
}

export const statusOf = (pod: Pod, observed: Observed, memory: Memory = ready): PodStatus =>
  decide(pod, observed, memory, NOW).status;
