import type { Pod } from '@navarch/api';
import { CONTAINER_NAME, type NodeDirs, POD_UID } from './container-config.ts';
import type { Container, ContainerRuntime, PodSandbox } from './cri/index.ts';
import { RpcError } from './rpc/rpc-error.ts';
import {
  isExited,
  isRunning,
  nothingObserved,
  type Observed,
  type ObservedContainer,
  type ObservedSandbox,
} from './pod-machine/observed.ts';
import type { Files } from './ports.ts';
import { terminationMessage } from './termination-message.ts';

export interface ObserverDeps {
  readonly runtime: ContainerRuntime;
  readonly files: Files;
  readonly dirs: NodeDirs;
}

/**
 * Looks at one pod in the runtime, again and again. What the lists show in the state in which it was seen before is as
 * it was: its status is asked once for each state.
 */
export class PodObserver {
  readonly #deps: ObserverDeps;
  /** What the last look found; no more than the runtime holds of the pod. */
  #last: Observed = nothingObserved;

  constructor(deps: ObserverDeps) {
    this.#deps = deps;
  }

  async look(pod: Pod, signal: AbortSignal): Promise<Observed> {
    const { runtime } = this.#deps;
    const filter = { labelSelector: { [POD_UID]: pod.metadata.uid } };
    const { items } = await runtime.listPodSandbox({ filter }, signal);
    const { containers } = await runtime.listContainers({ filter }, signal);
    const sandboxes: ObservedSandbox[] = [];
    for (const item of items) sandboxes.push(this.#knownSandbox(item) ?? (await observeSandbox(runtime, item, signal)));
    const observed: ObservedContainer[] = [];
    for (const container of containers) {
      const current = this.#knownContainer(container) ?? (await this.#observe(pod, container, signal));
      if (current) observed.push(current);
    }
    this.#last = {
      sandboxes: sandboxes.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt),
      containers: observed.sort((a, b) => b.attempt - a.attempt || b.status.createdAt - a.status.createdAt),
    };
    return this.#last;
  }

  /** A sandbox that has its address keeps it for as long as it is ready. */
  #knownSandbox({ id, state }: PodSandbox): ObservedSandbox | undefined {
    return this.#last.sandboxes.find((s) => s.id === id && state === 'SANDBOX_READY' && s.isReady && s.ip !== '');
  }

  #knownContainer({ id, state }: Container): ObservedContainer | undefined {
    const known = this.#last.containers.find((c) => c.id === id);
    return known && (isExited(known) || (isRunning(known) && state === 'CONTAINER_RUNNING')) ? known : undefined;
  }

  async #observe(pod: Pod, container: Container, signal: AbortSignal): Promise<ObservedContainer | undefined> {
    const status = await orGone(this.#deps.runtime.containerStatus({ containerId: container.id }, signal));
    if (!status?.status) return undefined; // Removed between two looks.
    return {
      ...identity(container),
      status: status.status,
      terminationMessage:
        status.status.state === 'CONTAINER_EXITED'
          ? await terminationMessage(pod, identity(container), status.status, this.#deps)
          : '',
    };
  }
}

const identity = ({
  id,
  labels,
  metadata,
  podSandboxId,
}: Container): Omit<ObservedContainer, 'status' | 'terminationMessage'> => ({
  id,
  name: labels[CONTAINER_NAME] ?? metadata?.name ?? '',
  attempt: metadata?.attempt ?? 0,
  sandboxId: podSandboxId,
});

async function observeSandbox(
  runtime: ContainerRuntime,
  item: PodSandbox,
  signal: AbortSignal,
): Promise<ObservedSandbox> {
  const base = {
    id: item.id,
    attempt: item.metadata?.attempt ?? 0,
    createdAt: item.createdAt,
    isReady: false,
    ip: '',
    additionalIps: [],
  };
  if (item.state !== 'SANDBOX_READY') return base;
  const answer = await orGone(runtime.podSandboxStatus({ podSandboxId: item.id }, signal));
  if (!answer?.status) return base;
  const { state, network } = answer.status;
  return {
    ...base,
    isReady: state === 'SANDBOX_READY',
    ip: network?.ip ?? '',
    additionalIps: (network?.additionalIps ?? []).map(({ ip }) => ip),
  };
}

async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (RpcError.is(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}
