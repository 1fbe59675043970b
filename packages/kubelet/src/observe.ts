import { CONTAINER_NAME, POD_UID } from './container-config.ts';
import { type Container, type ContainerRuntime, type ContainerStatus, CriError, type PodSandbox } from './cri/index.ts';
import type { Observed, ObservedContainer, ObservedSandbox } from './pod-machine/observed.ts';

/** What the runtime holds, pod by pod, and a word for each that changes whenever anything does. */
export interface Listing {
  readonly uids: ReadonlyMap<string, string>;
}

/** One cheap look at everything: which pods there are, and which have moved since the last look. */
export async function listAll(runtime: ContainerRuntime, signal: AbortSignal): Promise<Listing> {
  const { items } = await runtime.listPodSandbox({}, signal);
  const { containers } = await runtime.listContainers({}, signal);
  const uids = new Map<string, string>();
  const add = (uid: string | undefined, text: string): void => {
    if (uid) uids.set(uid, `${uids.get(uid) ?? ''} ${text}`);
  };
  for (const { id, state, labels } of items) add(labels[POD_UID], `${id}:${state}`);
  for (const { id, state, labels } of containers) add(labels[POD_UID], `${id}:${state}`);
  return { uids };
}

/** Ended containers do not change: their status is asked once. */
export type StatusMemo = Map<string, ObservedContainer>;

/** Everything about one pod. `messageOf` reads what a container left on its termination message path. */
export async function observePod(
  runtime: ContainerRuntime, uid: string, memo: StatusMemo, messageOf: (container: Container, status: ContainerStatus) => Promise<string>, signal: AbortSignal,
): Promise<Observed> {
  const filter = { labelSelector: { [POD_UID]: uid } };
  const { items } = await runtime.listPodSandbox({ filter }, signal);
  const { containers } = await runtime.listContainers({ filter }, signal);
  const sandboxes: ObservedSandbox[] = [];
  for (const item of items) sandboxes.push(await observeSandbox(runtime, item, signal));
  const observed: ObservedContainer[] = [];
  for (const container of containers) {
    const known = memo.get(container.id);
    const current = known ?? (await observeContainer(runtime, container, messageOf, signal));
    if (!current) continue;
    if (container.state === 'CONTAINER_EXITED') memo.set(container.id, current);
    observed.push(current);
  }
  for (const id of memo.keys()) if (!containers.some((c) => c.id === id) && memo.get(id)?.status.labels[POD_UID] === uid) memo.delete(id);
  return {
    sandboxes: sandboxes.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt),
    containers: observed.sort((a, b) => b.attempt - a.attempt || b.status.createdAt - a.status.createdAt),
  };
}

async function observeSandbox(runtime: ContainerRuntime, item: PodSandbox, signal: AbortSignal): Promise<ObservedSandbox> {
  const isReady = item.state === 'SANDBOX_READY';
  const base = { id: item.id, attempt: item.metadata?.attempt ?? 0, createdAt: item.createdAt };
  if (!isReady) return { ...base, isReady, ip: '' };
  try {
    const { status } = await runtime.podSandboxStatus({ podSandboxId: item.id }, signal);
    return { ...base, isReady: status?.state === 'SANDBOX_READY', ip: status?.network?.ip ?? '' };
  } catch (error) {
    if (CriError.is(error, 'NOT_FOUND')) return { ...base, isReady: false, ip: '' };
    throw error;
  }
}

async function observeContainer(
  runtime: ContainerRuntime, container: Container, messageOf: (container: Container, status: ContainerStatus) => Promise<string>, signal: AbortSignal,
): Promise<ObservedContainer | undefined> {
  try {
    const { status } = await runtime.containerStatus({ containerId: container.id }, signal);
    if (!status) return undefined;
    const hasEnded = status.state === 'CONTAINER_EXITED';
    return {
      id: container.id, name: container.labels[CONTAINER_NAME] ?? container.metadata?.name ?? '', attempt: container.metadata?.attempt ?? 0,
      sandboxId: container.podSandboxId, status, terminationMessage: hasEnded ? await messageOf(container, status) : '',
    };
  } catch (error) {
    if (CriError.is(error, 'NOT_FOUND')) return undefined; // Removed between two looks.
    throw error;
  }
}
