import { type EndpointSlice, type Service, type PersistentVolume, type Pod } from '@navarch/api';
import type { NodeReality } from './reality.ts';

/** What the API says that there is. */
export interface Stated {
  readonly pods: readonly Pod[];
  readonly volumes: readonly PersistentVolume[];
  readonly slices: readonly EndpointSlice[];
  readonly services: readonly Service[];
}

/** Where nodes have something that the API does not say, or lack what it says: one sentence each. Pure. */
export function differences(stated: Stated, realities: readonly NodeReality[]): readonly string[] {
  return [...sharedAddresses(stated.pods), ...realities.flatMap((reality) => ofNode(stated, reality))];
}

function ofNode(stated: Stated, reality: NodeReality): readonly string[] {
  const { node, sandboxes, containers, addresses } = reality;
  const pods = stated.pods.filter(({ spec }) => spec.nodeName === node);
  const uids = new Set(pods.map(({ metadata }) => metadata.uid));
  const ready = sandboxes.filter(({ isReady }) => isReady);
  const running = containers.filter(({ isRunning }) => isRunning);
  const alive = [...ready, ...running].map(({ id }) => id);
  const all = [...sandboxes, ...containers].map(({ id }) => id);
  const hostNetworked = new Set(pods.filter(({ spec }) => spec.hostNetwork).map(({ metadata }) => metadata.uid));
  const networked = ready.filter(({ uid }) => !hostNetworked.has(uid));
  const wrong = [
    ...sandboxes.filter(({ uid }) => !uids.has(uid)).map(({ id, pod }) => `sandbox ${id} is of no pod (was ${pod})`),
    ...doubled(ready.map(({ uid, pod }) => `${pod} (${uid})`)).map(
      (pod) => `pod ${pod} has two sandboxes that are ready`,
    ),
    ...doubled(running.map(({ uid, name }) => `${name} of ${uid}`)).map((name) => `container ${name} runs twice`),
    ...pods.flatMap((pod) => ofPod(pod, reality)),
    ...unequal(
      'shims',
      reality.shims,
      ready.map(({ id }) => id),
    ),
    ...unequal('folders of tasks', reality.bundles, alive),
    ...unequal('snapshots', reality.snapshots, all),
    ...unequal('groups of containers', reality.containerGroups, alive),
    ...unequal(
      'owners of addresses',
      [...addresses.values()],
      networked.map(({ id }) => id),
    ),
    ...unequalCount('network namespaces', reality.namespaces, networked.length),
    ...unequalCount('devices on the bridge', reality.ports, networked.length),
    ...strange('control group of pod', reality.podGroups, uids),
    ...strange('folder of pod', reality.podFolders, uids),
    ...strange('folder of logs of pod', reality.logFolders, uids),
    ...ofMounts(reality, { uids, sandboxes: new Set(sandboxes.map(({ id }) => id)), alive: new Set(alive) }),
    ...unequal('volumes on disk', reality.volumes, volumesOn(node, stated.volumes)),
    ...unequal('destinations of services', reality.destinations, destinations(node, stated)),
  ];
  return wrong.map((sentence) => `${node}: ${sentence}`);
}

/** What its status says of a pod that is not over, beside what runs. */
function ofPod({ metadata, spec, status }: Pod, { containers, sandboxes, addresses }: NodeReality): readonly string[] {
  const { uid } = metadata;
  const name = `${metadata.namespace}/${metadata.name}`;
  const isOver = status.phase === 'Succeeded' || status.phase === 'Failed';
  const own = containers.filter((container) => container.uid === uid && container.isRunning);
  if (isOver) return own.map((container) => `${container.name} of ${name} runs, though the pod is ${status.phase}`);
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const said = statuses
    .filter(({ state }) => state?.running)
    .map(({ containerID = '' }) => containerID.split('//')[1] ?? '');
  const sandbox = sandboxes.find((one) => one.uid === uid && one.isReady);
  const address = status.podIP;
  return [
    ...(sandbox ? [] : [`pod ${name} has no sandbox`]),
    ...unequal(
      `running containers of ${name}`,
      own.map(({ id }) => id),
      said,
    ),
    ...(spec.hostNetwork || !sandbox || (address && addresses.get(address) === sandbox.id)
      ? []
      : [`pod ${name} says that it is at ${address}, which ${addresses.get(address ?? '') ?? 'nobody'} has`]),
  ];
}

const SANDBOX_MOUNT = /\/sandboxes\/([0-9a-f]+)\//;
const TASK_MOUNT = /\/io\.containerd\.runtime\.v2\.task\/k8s\.io\/([0-9a-f]+)\//;
const POD_MOUNT = /\/kubelet\/pods\/([^/]+)\//;

interface Owners {
  readonly uids: ReadonlySet<string>;
  readonly sandboxes: ReadonlySet<string>;
  readonly alive: ReadonlySet<string>;
}

function ofMounts({ mounts }: NodeReality, { uids, sandboxes, alive }: Owners): readonly string[] {
  const isOwned = (path: string): boolean => {
    for (const [pattern, owners] of [
      [SANDBOX_MOUNT, sandboxes],
      [TASK_MOUNT, alive],
      [POD_MOUNT, uids],
    ] as const) {
      const owner = pattern.exec(path)?.[1];
      if (owner !== undefined) return owners.has(owner);
    }
    return true;
  };
  return [
    ...mounts.filter((path) => !isOwned(path)).map((path) => `mount ${path} is nobody's`),
    ...doubled(mounts).map((path) => `mounted twice: ${path}`),
  ];
}

const volumesOn = (node: string, volumes: readonly PersistentVolume[]): readonly string[] =>
  volumes
    .filter(({ spec }) => JSON.stringify(spec.nodeAffinity ?? {}).includes(`"${node}"`))
    .map(({ metadata }) => metadata.name);

/** Where packets for services may be led on a node: to endpoints that are ready, of some services only to its own. */
function destinations(node: string, { slices, services }: Stated): readonly string[] {
  const local = new Set(
    services
      .filter(({ spec }) => spec.internalTrafficPolicy === 'Local')
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  );
  const found = slices.flatMap(({ metadata, endpoints, ports }) => {
    const isLocal = local.has(`${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`);
    return (endpoints ?? [])
      .filter(({ conditions, nodeName }) => conditions?.ready !== false && (!isLocal || nodeName === node))
      .flatMap(({ addresses }) => (ports ?? []).map(({ port }) => `${addresses[0]}:${port}`));
  });
  return [...new Set(found)];
}

/** Endpoints that are no pods, or pods that are not ready. */
export function wrongEndpoints({ pods, slices }: Stated): readonly string[] {
  const ready = new Set(pods.filter(isReady).map(({ metadata }) => metadata.uid));
  return slices.flatMap(({ metadata, endpoints }) =>
    (endpoints ?? [])
      .filter(
        ({ targetRef, conditions }) =>
          targetRef?.kind === 'Pod' && conditions?.ready !== false && !ready.has(targetRef.uid ?? ''),
      )
      .map(({ targetRef }) => `endpoint ${targetRef?.name} of ${metadata.name} is not ready`),
  );
}

function sharedAddresses(pods: readonly Pod[]): readonly string[] {
  const used = pods
    .filter(({ spec, status }) => !spec.hostNetwork && status.phase !== 'Succeeded' && status.phase !== 'Failed')
    .flatMap(({ status }) => status.podIP ?? []);
  return doubled(used).map((address) => `address ${address} is two pods'`);
}

const doubled = (values: readonly string[]): readonly string[] => [
  ...new Set(values.filter((value, i) => values.indexOf(value) !== i)),
];

const strange = (what: string, found: readonly string[], known: ReadonlySet<string>): readonly string[] =>
  found.filter((value) => !known.has(value)).map((value) => `${what} ${value}, which the API does not know`);

const unequalCount = (what: string, found: readonly string[], count: number): readonly string[] =>
  found.length === count ? [] : [`${found.length} ${what}, not ${count}: ${found.join(' ')}`];

function unequal(what: string, found: readonly string[], expected: readonly string[]): readonly string[] {
  const [is, should] = [new Set(found), new Set(expected)];
  const [more, less] = [[...is].filter((value) => !should.has(value)), [...should].filter((value) => !is.has(value))];
  return [
    ...(more.length > 0 ? [`${what}: ${more.join(' ')} should not be`] : []),
    ...(less.length > 0 ? [`${what}: ${less.join(' ')} should be`] : []),
    ...(found.length === is.size ? [] : [`${what}: ${doubled(found).join(' ')} more than once`]),
  ];
}

const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
