import type { Pod } from '@navarch/api';
import { CONTAINER_NAME, type NodeDirs, POD_UID } from './container-config.ts';
import type { Container, ContainerRuntime, PodSandbox } from './cri/index.ts';
import { orGone } from './cri/or-gone.ts';
import {
  isExited,
  isRunning,
  type Made,
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
    for (const item of items) sandboxes.push(this.#knownSandbox(item) ?? (await this.#listed(item, signal)));
    const observed: ObservedContainer[] = [];
    for (const container of containers) {
      const { id, podSandboxId } = container;
      const current = this.#knownContainer(container) ?? (await this.#container(pod, id, podSandboxId, signal));
      if (current) observed.push(current);
    }
    return this.#saw(sandboxes, observed);
  }

  /** Looks at what a step has made, and takes the rest for what it was. */
  async lookAt(pod: Pod, made: readonly Made[], signal: AbortSignal): Promise<Observed> {
    let { sandboxes, containers } = this.#last;
    for (const one of made) {
      if (one.type === 'sandbox') {
        const sandbox = await this.#sandbox(one.id, signal);
        sandboxes = [...sandboxes.filter(({ id }) => id !== one.id), ...(sandbox ? [sandbox] : [])];
      } else {
        const container = await this.#container(pod, one.id, one.sandboxId, signal);
        containers = [...containers.filter(({ id }) => id !== one.id), ...(container ? [container] : [])];
      }
    }
    return this.#saw(sandboxes, containers);
  }

  #saw(sandboxes: readonly ObservedSandbox[], containers: readonly ObservedContainer[]): Observed {
    this.#last = {
      sandboxes: sandboxes.toSorted((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt),
      containers: containers.toSorted((a, b) => b.attempt - a.attempt || b.status.createdAt - a.status.createdAt),
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

  async #listed(item: PodSandbox, signal: AbortSignal): Promise<ObservedSandbox> {
    const found = item.state === 'SANDBOX_READY' ? await this.#sandbox(item.id, signal) : undefined;
    const { id, metadata, createdAt } = item;
    return found ?? { id, attempt: metadata?.attempt ?? 0, createdAt, isReady: false, ip: '', additionalIps: [] };
  }

  async #sandbox(podSandboxId: string, signal: AbortSignal): Promise<ObservedSandbox | undefined> {
    const answer = await orGone(this.#deps.runtime.podSandboxStatus({ podSandboxId }, signal));
    if (!answer?.status) return undefined;
    const { id, metadata, createdAt, state, network } = answer.status;
    return {
      id,
      attempt: metadata?.attempt ?? 0,
      createdAt,
      isReady: state === 'SANDBOX_READY',
      ip: network?.ip ?? '',
      additionalIps: (network?.additionalIps ?? []).map(({ ip }) => ip),
    };
  }

  /** Undefined when it was removed meanwhile. */
  async #container(
    pod: Pod,
    containerId: string,
    sandboxId: string,
    signal: AbortSignal,
  ): Promise<ObservedContainer | undefined> {
    const answer = await orGone(this.#deps.runtime.containerStatus({ containerId }, signal));
    if (!answer?.status) return undefined;
    const { status } = answer;
    const { id, labels, metadata, state } = status;
    const identity = {
      id,
      name: labels[CONTAINER_NAME] ?? metadata?.name ?? '',
      attempt: metadata?.attempt ?? 0,
      sandboxId,
    };
    return {
      ...identity,
      status,
      terminationMessage:
        state === 'CONTAINER_EXITED' ? await terminationMessage(pod, identity, status, this.#deps) : '',
    };
  }
}
