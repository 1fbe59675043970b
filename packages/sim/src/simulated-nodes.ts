import {
  type Container,
  isReady,
  isTerminal,
  lease,
  type Node,
  node,
  type Pod,
  pod,
  type PodStatus,
} from '@navarch/api';
import { type Clock, type Logger, onePiece, type Random, TaskGroup } from '@navarch/base';
import { type Api, Cache } from '@navarch/client';
import { type Draft, hasReason, keyOf } from '@navarch/machinery';

export interface SimulatedNodesDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** One node each. */
  readonly names: readonly string[];
  /** What kubelets say of themselves, `v1.37.0`. */
  readonly version: string;
  /** Pods take between half of this and this long to become ready, milliseconds. */
  readonly startMsMax: number;
  /** Names of nodes that have stopped answering; asked before everything they would do. */
  isDown?(name: string): boolean;
}

const LEASE_INTERVAL_MS = 10_000;
/** A kubelet does not wait for its next turn when it could not say that it lives. */
const RETRY_MS = 1_000;
const LEASE_SECONDS = 40;
const CAPACITY = { cpu: '32', memory: '256Gi', pods: '110', 'ephemeral-storage': '1Ti' };

/** Plays nodes without machines: they register, renew their leases, and their pods run without processes. */
export async function runSimulatedNodes(deps: SimulatedNodesDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const { api, clock, random, log } = deps;
  for (const [i, name] of deps.names.entries()) {
    group.spawn((s) => register(name, i, deps, s));
    group.spawn((s) => heartbeat(name, deps, s));
  }
  // Who plays one node may have that node's identity, which sees no pods but its own.
  const [only, ...others] = deps.names;
  const scopes =
    only !== undefined && others.length === 0
      ? new Map([[pod, { fieldSelector: `spec.nodeName=${only}` }]])
      : undefined;
  const cache = new Cache({ api, clock, random: random.fork('cache'), log, ...(scopes ? { scopes } : {}) });
  const player = new Player(deps, group);
  cache.onChange(pod, (current) => current && player.tend(current));
  group.spawn((s) => cache.run(s));
  await group.join();
}

async function register(name: string, index: number, deps: SimulatedNodesDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      return await ensure(() => deps.api.of(node).create(nodeDraft(name, index, deps)));
    } catch (error) {
      deps.log.debug('simulated node not registered', { node: name, error });
      await deps.clock.sleep(1000, signal).catch(() => undefined);
    }
  }
}

function nodeDraft(name: string, index: number, { clock, version }: SimulatedNodesDeps): Draft<Node> {
  const now = time(clock.now());
  return {
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'navarch.dev/simulated': 'true',
      },
    },
    status: {
      capacity: CAPACITY,
      allocatable: CAPACITY,
      addresses: [
        { type: 'InternalIP', address: addressOf(index) },
        { type: 'Hostname', address: name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'simulated node',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      nodeInfo: {
        kubeletVersion: version,
        containerRuntimeVersion: 'navarch-sim://1',
        osImage: 'none (simulated)',
        kernelVersion: 'none',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  };
}

const addressOf = (index: number): string => `10.95.${index >> 8}.${index & 255}`;

/** RFC 3339 in seconds. */
const time = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

async function heartbeat(
  name: string,
  { api, clock, random, log, isDown }: SimulatedNodesDeps,
  signal: AbortSignal,
): Promise<void> {
  // Spread, as the nodes of a real cluster are.
  await clock.sleep(random.uint32() % LEASE_INTERVAL_MS, signal).catch(() => undefined);
  while (!signal.aborted) {
    let wait = LEASE_INTERVAL_MS;
    if (!isDown?.(name)) {
      try {
        await renew(name, api, clock);
        await becomeReady(name, api, clock);
      } catch (error) {
        log.debug('simulated heartbeat failed', { node: name, error });
        wait = RETRY_MS;
      }
    }
    await clock.sleep(wait, signal).catch(() => undefined);
  }
}

async function renew(name: string, api: Api, clock: Clock): Promise<void> {
  const renewTime = `${new Date(clock.now()).toISOString().slice(0, 23)}000Z`;
  try {
    await api
      .of(lease)
      .update(`kube-node-lease/${name}`, (current) => ({ ...current, spec: { ...current.spec, renewTime } }));
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    await ensure(() =>
      api.of(lease).create({
        metadata: { name, namespace: 'kube-node-lease' },
        spec: { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime },
      }),
    );
  }
}

/** A node that was thought lost says that it is well again. */
async function becomeReady(name: string, api: Api, clock: Clock): Promise<void> {
  const current = await api.of(node).get(name);
  const ready = current.status.conditions?.find((c) => c.type === 'Ready');
  if (ready?.status === 'True') return;
  const now = time(clock.now());
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'simulated node',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  await api
    .of(node)
    .patch(name, { type: 'strategic', body: { status: { conditions: [condition] } } }, { subresource: 'status' });
}

async function ensure(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}

/** Brings pods from bound to ready and, when asked, to their end. */
class Player {
  readonly #deps: SimulatedNodesDeps;
  readonly #group: TaskGroup;
  /** Of each node its place in the list: its address. */
  readonly #indexes: ReadonlyMap<string, number>;
  /** Pods under way, by uid and what is done with them. */
  readonly #busy = new Set<string>();
  #addresses = 0;

  constructor(deps: SimulatedNodesDeps, group: TaskGroup) {
    this.#deps = deps;
    this.#group = group;
    this.#indexes = new Map(deps.names.map((name, index) => [name, index]));
  }

  tend(current: Pod): void {
    const { nodeName } = current.spec;
    if (!nodeName || !this.#indexes.has(nodeName)) return;
    if (current.metadata.deletionTimestamp) this.#once(current, 'end', (s) => this.#end(current, nodeName, s));
    // Not running yet, or marked not ready while its node was thought lost: kubelets say again what is so.
    else if (!isTerminal(current) && !isReady(current))
      this.#once(current, 'start', (s) => this.#start(current, nodeName, s));
  }

  #once(current: Pod, what: string, work: (signal: AbortSignal) => Promise<void>): void {
    const key = `${what} ${current.metadata.uid}`;
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    this.#group.spawn(async (signal) => {
      try {
        await this.#untilDone(work, signal);
      } finally {
        this.#busy.delete(key);
      }
    });
  }

  async #untilDone(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        return await work(signal);
      } catch (error) {
        if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict') || signal.aborted) return;
        await this.#deps.clock.sleep(1000, signal).catch(() => undefined);
      }
    }
  }

  async #start(current: Pod, nodeName: string, signal: AbortSignal): Promise<void> {
    const { api, clock, random, startMsMax } = this.#deps;
    await clock.sleep(startMsMax / 2 + (random.uint32() / 2 ** 32) * (startMsMax / 2), signal);
    if (this.#deps.isDown?.(nodeName)) throw new Error('The node is down');
    const n = this.#addresses++;
    const status = runningStatus(
      current,
      { ip: `10.244.${(n >> 8) & 255}.${n & 255}`, hostIP: addressOf(this.#indexes.get(nodeName) ?? 0) },
      clock.now(),
    );
    const runs = (held: Pod): boolean =>
      held.metadata.uid === current.metadata.uid && !held.metadata.deletionTimestamp && !isTerminal(held);
    const next = (held: Pod): Pod => (runs(held) ? { ...held, status: { ...held.status, ...status } } : held);
    await api.of(pod).update(keyOf(current), next, { subresource: 'status' });
  }

  async #end(current: Pod, nodeName: string, signal: AbortSignal): Promise<void> {
    const { api, clock } = this.#deps;
    await clock.sleep(Math.min(1000, Number(current.metadata.deletionGracePeriodSeconds ?? 0) * 1000), signal);
    if (this.#deps.isDown?.(nodeName)) throw new Error('The node is down');
    await api.of(pod).delete(keyOf(current), { gracePeriodSeconds: 0, preconditions: { uid: current.metadata.uid } });
  }
}

function runningStatus(
  current: Pod,
  { ip, hostIP }: { readonly ip: string; readonly hostIP: string },
  now: number,
): Partial<PodStatus> {
  const startedAt = time(now);
  const conditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: startedAt,
  }));
  const container = ({ name, image = '' }: Container): NonNullable<PodStatus['containerStatuses']>[number] =>
    ({
      name,
      image,
      imageID: `sim://${image}`,
      containerID: onePiece(`navarch-sim://${current.metadata.uid}/${name}`),
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt } },
      lastState: {},
    }) as unknown as NonNullable<PodStatus['containerStatuses']>[number];
  const kept = (current.status.conditions ?? []).filter((c) => c.type === 'PodScheduled');
  return {
    phase: 'Running',
    podIP: ip,
    podIPs: [{ ip }],
    hostIP,
    hostIPs: [{ ip: hostIP }],
    startTime: startedAt,
    conditions: [...conditions, ...kept],
    containerStatuses: current.spec.containers.map(container),
  };
}
