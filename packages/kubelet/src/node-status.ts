import { LOCAL_VOLUMES_FOLDER, type Node, node, type NodeRuntimeHandler } from '@navarch/api';
import { firstOf, type Clock, type Logger, type Notifier } from '@navarch/base';
import type { Api } from '@navarch/client';
import { canonicalQuantity, type Draft, equalJson, hasReason } from '@navarch/machinery';
import { DECLARED_FEATURES } from './declared-features.ts';
import { localVolumesDir, type NodeDirs } from './container-config.ts';
import type { ContainerRuntime, HandlerAbilities } from './cri/index.ts';
import type { EvictionSettings } from './eviction/thresholds.ts';
import { IMAGES_MAX, nodeImages } from './images/node-images.ts';
import type { NodeResources } from './node-resources/node-resources.ts';
import { allocatableOf, capacityOf, hugePages, withEviction } from './node-capacity.ts';
import { type NodeEvent, nodeEvents } from './node-events.ts';
import type { Pressure } from './eviction/signals.ts';
import { renewLease } from './node-lease.ts';
import { time } from './pod-machine/time.ts';
import type { NodeDescription, StatusTimes } from './node-description.ts';
import type { HostFacts } from './ports.ts';

export interface NodeStatusDeps extends NodeDescription {
  readonly api: Api;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: HostFacts;
  readonly resources: NodeResources;
  readonly dirs: Pick<NodeDirs, 'root'>;
  /** What is kept free for the machine's sake: pods get less than all that is left over. */
  readonly eviction?: { readonly settings: EvictionSettings };
  /** What the node runs out of. */
  pressures(): ReadonlySet<Pressure>;
  /** Why the node takes no pods, whatever its runtime can do. */
  unready(): string | undefined;
  /** Volumes that are not to be taken away from the node. */
  volumesInUse(): readonly string[];
  /** Tells that there is something new to say. */
  readonly moved: Notifier;
  /** Tells people of the node. */
  tell(event: NodeEvent): void;
}

const ORDINARY_TIMES: StatusTimes = { lookMs: 10_000, reportMs: 5 * 60_000 };
/** A node that is not ready yet is looked at often: people wait for it. */
const UNREADY_INTERVAL_MS = 200;
const RETRY_MS = 1000;

/** Makes the node known and keeps its lease and status fresh until the signal aborts. */
export async function keepNodeStatus(deps: NodeStatusDeps, signal: AbortSignal): Promise<void> {
  const { clock } = deps;
  deps.tell({ type: 'Normal', reason: 'Starting', message: 'Starting kubelet.' });
  await register(deps, signal);
  await Promise.allSettled([
    repeat(
      deps,
      () => renewLease(deps),
      (ms) => clock.sleep(ms, signal),
      signal,
    ),
    repeat(deps, reporter(deps, signal), (ms) => sleepUnlessMoved(deps, ms, signal), signal),
  ]);
}

/** `work` says after how many milliseconds it wants to be done again. */
async function repeat(
  { log }: NodeStatusDeps,
  work: () => Promise<number>,
  pause: (ms: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let intervalMs = RETRY_MS;
    try {
      intervalMs = await work();
    } catch (error) {
      if (!signal.aborted) log.warn('node heartbeat failed', { error });
    }
    await pause(intervalMs).catch(() => undefined);
  }
}

async function sleepUnlessMoved({ clock, moved }: NodeStatusDeps, ms: number, signal: AbortSignal): Promise<void> {
  await firstOf(
    signal,
    (s) => clock.sleep(ms, s),
    (s) => moved.wait(s),
  );
}

async function register(deps: NodeStatusDeps, signal: AbortSignal): Promise<void> {
  const { api, clock, log, nodeName } = deps;
  const labels = labelsOf(deps);
  const annotations = {
    'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
    [LOCAL_VOLUMES_FOLDER]: localVolumesDir(deps.dirs),
  };
  const draft: Draft<Node> = {
    metadata: {
      name: nodeName,
      annotations,
      labels,
    },
    ...(deps.taints?.length || deps.providerID
      ? {
          spec: {
            ...(deps.taints?.length ? { taints: [...deps.taints] } : {}),
            ...(deps.providerID ? { providerID: deps.providerID } : {}),
          },
        }
      : {}),
    status: (await statusOf(deps, undefined, signal)) as Draft<Node['status']>,
  };
  while (!signal.aborted) {
    try {
      if (deps.registersNode ?? true) await ensureNode(api, draft);
      // The machine may have been given another role, or another name, since it was here last.
      const has = (n: Node): boolean =>
        Object.entries(labels).every(([key, value]) => n.metadata.labels?.[key] === value) &&
        Object.entries(annotations).every(([key, value]) => n.metadata.annotations?.[key] === value);
      await api.of(node).update(nodeName, (n) =>
        has(n)
          ? n
          : {
              ...n,
              metadata: {
                ...n.metadata,
                labels: { ...n.metadata.labels, ...labels },
                annotations: { ...n.metadata.annotations, ...annotations },
              },
            },
      );
      return;
    } catch (error) {
      log.warn('cannot register the node', { error });
      await clock.sleep(1000, signal).catch(() => undefined);
    }
  }
}

const labelsOf = ({ host, labels }: NodeStatusDeps): Readonly<Record<string, string>> => ({
  'kubernetes.io/hostname': host.hostname,
  'kubernetes.io/os': 'linux',
  'kubernetes.io/arch': host.architecture,
  'beta.kubernetes.io/os': 'linux',
  'beta.kubernetes.io/arch': host.architecture,
  ...labels,
});

async function ensureNode(api: Api, draft: Draft<Node>): Promise<void> {
  try {
    await api.of(node).create(draft);
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}

function reporter(deps: NodeStatusDeps, signal: AbortSignal): () => Promise<number> {
  const { lookMs, reportMs } = deps.statusTimes ?? ORDINARY_TIMES;
  let reportedAt = Number.NEGATIVE_INFINITY;
  /** As of the last report of this process: others may have said something else meanwhile. */
  let told: Node['status'] | undefined;
  return async () => {
    const now = deps.clock.monotonic();
    const isDue = now - reportedAt >= reportMs;
    const next = await deps.api.of(node).get(deps.nodeName);
    const status = await statusOf(deps, next, signal);
    const isReady = status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
    const again = isReady ? lookMs : UNREADY_INTERVAL_MS;
    for (const event of nodeEvents(deps.nodeName, told ?? remembered(next.status), status)) deps.tell(event);
    told = status;
    const withdrawn = Object.keys(next.status.allocatable ?? {}).filter(
      (name) => status.allocatable?.[name] === undefined,
    );
    const isSame = equalJson(withoutHeartbeats(status), withoutHeartbeats(onlyOwn(next.status, status)));
    if (!isDue && isSame && withdrawn.length === 0) return again;
    const allocatable = { ...status.allocatable, ...Object.fromEntries(withdrawn.map((name) => [name, null])) };
    // The list is merged by type, of which a node with two families has two.
    const addresses = [{ $patch: 'replace' }, ...(status.addresses ?? [])];
    const body = { status: { ...status, allocatable, addresses } };
    await deps.api.of(node).patch(deps.nodeName, { type: 'strategic', body }, { subresource: 'status' });
    reportedAt = now;
    return again;
  };
}

/** Others write into the status too: what is not the kubelet's to say is no difference, nor is an empty list that nobody keeps. */
const onlyOwn = (status: Node['status'], own: Node['status']): Partial<Node['status']> => ({
  images: [],
  volumesInUse: [],
  ...Object.fromEntries(Object.entries(status).filter(([name]) => name in own)),
});

/** What a kubelet that has just started knows of the past: how the node was, not what it had enough of. */
const remembered = (status: Node['status']): Node['status'] => ({
  ...status,
  conditions: (status.conditions ?? []).filter(({ type }) => type === 'Ready'),
});

const withoutHeartbeats = (status: Partial<Node['status']>): unknown => ({
  ...status,
  conditions: status.conditions?.map(({ lastHeartbeatTime: _, ...rest }) => rest),
});

async function statusOf(deps: NodeStatusDeps, before: Node | undefined, signal: AbortSignal): Promise<Node['status']> {
  const { host, nodeIP, kubeletPort, version, podsMax, resources, runtime } = deps;
  // As the server prints them: else the status would always differ from what is there.
  const own = { ...hugePages(host), pods: String(podsMax) };
  const others = extended(before?.status.capacity);
  const devices = resources.devices?.pool.amounts();
  const capacity = { ...others, ...canonical(capacityOf(host)), ...own, ...devices?.capacity };
  const allocatable = canonical(allocatableOf(host, withEviction(resources.settings.aside, host, deps.eviction)));
  // A runtime that does not answer has lost no images.
  const images = await nodeImages(runtime, deps.imagesMax ?? IMAGES_MAX, signal).catch(
    () => before?.status.images ?? [],
  );
  const { runtimeName, runtimeVersion, handlers } = runtime.features();
  return {
    addresses: [
      ...[nodeIP, ...(deps.otherNodeIPs ?? [])].map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: host.hostname },
    ],
    capacity,
    allocatable: { ...others, ...allocatable, ...own, ...devices?.allocatable },
    images,
    volumesInUse: deps.volumesInUse(),
    declaredFeatures: DECLARED_FEATURES,
    ...(handlers.length > 0 ? { runtimeHandlers: handlers.map(shownHandler).sort(byName) } : {}),
    features: { supplementalGroupsPolicy: runtime.features().hasSupplementalGroupsPolicy },
    conditions: await conditions(deps, before, signal),
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    nodeInfo: {
      architecture: host.architecture,
      bootID: host.bootId,
      containerRuntimeVersion: `${runtimeName}://${runtimeVersion}`,
      kernelVersion: host.kernelVersion,
      // A kubelet does not know it (KEP-4004); the field stays for those who read it.
      kubeProxyVersion: '',
      kubeletVersion: version,
      machineID: host.machineId,
      operatingSystem: host.operatingSystem,
      osImage: host.osImage,
      systemUUID: host.systemUuid,
      ...(host.swap ? { swap: { capacity: host.swap.bytes } } : {}),
    },
  };
}

const shownHandler = ({
  name,
  hasRecursiveReadOnlyMounts,
  hasUserNamespaces,
}: HandlerAbilities): NodeRuntimeHandler => ({
  name,
  features: { recursiveReadOnlyMounts: hasRecursiveReadOnlyMounts, userNamespaces: hasUserNamespaces },
});

const byName = (a: NodeRuntimeHandler, b: NodeRuntimeHandler): number => ((a.name ?? '') < (b.name ?? '') ? -1 : 1);

const canonical = (amounts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, canonicalQuantity(amount) ?? amount]));

/** Resources that others say the node has: names with a domain that is not Kubernetes's own. They are offered as they are. */
const extended = (capacity: Node['status']['capacity'] = {}): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(capacity).filter(([name]) => name.includes('/') && !name.includes('kubernetes.io/')),
  );

async function conditions(
  { clock, runtime, pressures, unready }: NodeStatusDeps,
  before: Node | undefined,
  signal: AbortSignal,
): Promise<NonNullable<Node['status']['conditions']>> {
  const problem = joined(await runtimeProblem(runtime, signal), unready());
  const now = time(clock.now());
  const wanted = [
    ...(Object.keys(PRESSURES) as Pressure[]).map((type) => pressure(type, pressures().has(type))),
    problem === undefined
      ? ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status']
      : ['Ready', 'False', 'KubeletNotReady', problem],
  ] as const;
  return wanted.map(([type, status, reason, message]) => {
    const previous = before?.status.conditions?.find((c) => c.type === type);
    return {
      type,
      status,
      lastHeartbeatTime: now,
      lastTransitionTime: previous?.status === status ? (previous.lastTransitionTime ?? now) : now,
      reason,
      message,
    };
  });
}

/** Several problems, as Go's aggregated errors print. */
function joined(...problems: readonly (string | undefined)[]): string | undefined {
  const found = problems.filter((problem) => problem !== undefined);
  return found.length > 1 ? `[${found.join(', ')}]` : found[0];
}

/** What is said of each when there is none of it, and when there is. Upstream's words. */
const PRESSURES: Readonly<Record<Pressure, readonly [no: readonly [string, string], yes: readonly [string, string]]>> =
  {
    MemoryPressure: [
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    ],
    DiskPressure: [
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    ],
    PIDPressure: [
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    ],
  };

function pressure(type: Pressure, isSo: boolean): readonly [string, string, string, string] {
  const [reason, message] = PRESSURES[type][isSo ? 1 : 0];
  return [type, isSo ? 'True' : 'False', reason, message];
}

/** Conditions of the runtime without which a node takes no pods. */
const NEEDED = { RuntimeReady: 'container runtime', NetworkReady: 'container runtime network' } as const;

async function runtimeProblem(runtime: ContainerRuntime, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { status } = await runtime.status({}, signal);
    // A runtime may say more of itself, such as that it is asked for what it will not do for ever.
    return joined(
      ...Object.entries(NEEDED).map(([type, what]) => {
        const condition = status?.conditions.find((one) => one.type === type);
        if (condition?.status) return undefined;
        const said = condition && `${type}=false reason:${condition.reason} message:${condition.message}`;
        return `${what} not ready: ${said ?? '<nil>'}`;
      }),
    );
  } catch (error) {
    return `container runtime is down: ${(error as Error).message}`;
  }
}
