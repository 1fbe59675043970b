import { isReady, isTerminal, type Pod, pod, type PodStatus } from '@navarch/api';
import type { Clock, Random, TaskGroup } from '@navarch/base';
import type { Api } from '@navarch/client';
import { hasReason, keyOf } from '@navarch/machinery';

/** How pods of a scenario live; what is absent is drawn from the seed. */
export interface PodLife {
  /** Names of the nodes that pods are put on in turn. */
  readonly nodes?: readonly string[];
  /** The node of a pod; undefined: the next in turn; `nowhere`: none will have it. */
  nodeOf?(pod: Pod): string | undefined;
  /** From being placed until it is ready, in ms; undefined: it never is. */
  startMs?(pod: Pod, random: Random): number | undefined;
  /** How long it runs, in ms, and with what its containers end; undefined: for ever. */
  ends?(pod: Pod, random: Random): PodEnd | undefined;
  /** Its containers never stay up: what is said of them, between tries that come ever more seldom. Undefined: they do. */
  stuck?(pod: Pod): Stuck | undefined;
  /** From the request to delete it until it is gone, in ms; undefined: it hangs. */
  stopMs?(pod: Pod, random: Random): number | undefined;
}

interface PodEnd {
  readonly afterMs: number;
  readonly exitCode: number;
  /** It is said to have been ended from outside: DisruptionTarget. */
  readonly isDisrupted?: true;
}

export interface Stuck {
  readonly reason: 'CrashLoopBackOff' | 'ImagePullBackOff';
  readonly message: string;
}

interface PlayerDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly group: TaskGroup;
  readonly life: PodLife;
}

const NODES = ['node-a', 'node-b', 'node-c'];
const RETRY_MIN_MS = 300;
const RETRY_MAX_MS = 10_000;
/** Kubelets wait between tries: ten seconds doubled up to five minutes. */
const BACK_OFF_MIN_MS = 10_000;
const BACK_OFF_MAX_MS = 300_000;
const CRASH_MS = 1_000;
const KILLED: PodEnd = { afterMs: 0, exitCode: 137 };

/** Stands in for the scheduler and every kubelet: what they would write is written, nothing is run. */
export class PodPlayer {
  readonly #deps: PlayerDeps;
  readonly #begun = new Set<string>();
  readonly #down = new Set<string>();
  /** What runs, by uid: a kubelet that is back says so again. */
  readonly #running = new Map<string, Pod>();
  #turn = 0;

  constructor(deps: PlayerDeps) {
    this.#deps = deps;
  }

  /** The kubelet of the node says no more, until it is `up`. */
  lose(node: string): void {
    this.#down.add(node);
  }

  recover(node: string): void {
    this.#down.delete(node);
    for (const found of this.#running.values()) if (found.spec.nodeName === node) this.#sayAgain(found);
  }

  /** Somebody took it for lost while its node was silent. */
  #sayAgain(found: Pod): void {
    if (this.#down.has(found.spec.nodeName ?? '')) return;
    this.#deps.group.spawn((signal) => this.#insist(signal, () => this.#say(found, runningStatus)));
  }

  /** A pod is there, or is as it was not before. */
  see(found: Pod): void {
    const { deletionTimestamp, uid } = found.metadata;
    const stage = deletionTimestamp ? 'end' : found.spec.nodeName ? 'run' : 'place';
    if (stage === 'run' && isTerminal(found)) return;
    if (stage === 'run' && !isReady(found) && this.#running.has(found.metadata.uid)) this.#sayAgain(found);
    const mark = `${stage} ${uid}`;
    if (this.#begun.has(mark)) return;
    this.#begun.add(mark);
    const random = this.#deps.random.fork(mark);
    this.#deps.group.spawn((signal) => {
      if (stage === 'place') return this.#place(found, signal);
      return stage === 'run' ? this.#run(found, random, signal) : this.#end(found, random, signal);
    });
  }

  async #place(found: Pod, signal: AbortSignal): Promise<void> {
    const { life } = this.#deps;
    const nodes = life.nodes ?? NODES;
    const name = life.nodeOf?.(found) ?? pinned(found) ?? nodes[this.#turn++ % nodes.length] ?? 'nowhere';
    if (name === 'nowhere') return;
    await this.#insist(signal, async () => {
      await this.#deps.api.of(pod).post(keyOf(found), 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: found.metadata.name, uid: found.metadata.uid },
        target: { kind: 'Node', name },
      });
    });
  }

  async #run(found: Pod, random: Random, signal: AbortSignal): Promise<void> {
    const { life, clock } = this.#deps;
    const stuck = life.stuck?.(found);
    if (stuck) return this.#tryForEver(found, stuck, signal);
    const startMs = life.startMs ? life.startMs(found, random) : 100 + (random.uint32() % 1900);
    if (startMs === undefined) return;
    await clock.sleep(startMs, signal);
    await this.#insist(signal, () => this.#say(found, runningStatus));
    this.#running.set(found.metadata.uid, found);
    const end = life.ends?.(found, random);
    if (!end) return;
    await clock.sleep(end.afterMs, signal);
    this.#running.delete(found.metadata.uid);
    await this.#insist(signal, () => this.#say(found, (held, now) => endedStatus(held, end, now)));
  }

  async #tryForEver(found: Pod, { reason, message }: Stuck, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    let waitMs = BACK_OFF_MIN_MS;
    for (let restarts = 0; !this.#begun.has(`end ${found.metadata.uid}`); restarts++) {
      if (reason === 'CrashLoopBackOff') {
        await this.#insist(signal, () =>
          this.#say(found, (p, now) => ({ ...runningStatus(p, now), ...restarted(p, restarts) })),
        );
        await clock.sleep(CRASH_MS, signal);
      }
      await this.#insist(signal, () =>
        this.#say(found, (p, now) => waitingStatus(p, { reason, message, restarts }, now)),
      );
      await clock.sleep(waitMs, signal);
      waitMs = Math.min(waitMs * 2, BACK_OFF_MAX_MS);
    }
  }

  async #end(found: Pod, random: Random, signal: AbortSignal): Promise<void> {
    const { life, clock, api } = this.#deps;
    const stopMs = life.stopMs ? life.stopMs(found, random) : 100 + (random.uint32() % 1400);
    if (stopMs === undefined) return;
    await clock.sleep(stopMs, signal);
    this.#running.delete(found.metadata.uid);
    await this.#insist(signal, async () => {
      this.#requireUp(found);
      // What ran is told to have ended before it goes.
      if (found.spec.nodeName) await this.#say(found, (held, now) => endedStatus(held, KILLED, now));
      const preconditions = { uid: found.metadata.uid };
      await api.of(pod).delete(keyOf(found), { gracePeriodSeconds: 0, preconditions });
    });
  }

  async #say(found: Pod, status: (held: Pod, now: string) => Partial<PodStatus>): Promise<void> {
    this.#requireUp(found);
    const { api, clock } = this.#deps;
    const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
    const isSame = (held: Pod): boolean => held.metadata.uid === found.metadata.uid && !isTerminal(held);
    await api
      .of(pod)
      .update(
        keyOf(found),
        (held) => (isSame(held) ? { ...held, status: { ...held.status, ...status(held, now) } as PodStatus } : held),
        { subresource: 'status' },
      );
  }

  #requireUp({ spec }: Pod): void {
    if (this.#down.has(spec.nodeName ?? '')) throw new Error('The node is down');
  }

  /** A kubelet says it again until it is heard, or there is no one left to speak of. */
  async #insist(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    for (let waitMs = RETRY_MIN_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      try {
        return await work();
      } catch (error) {
        if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return;
        await this.#deps.clock.sleep(waitMs, signal);
      }
    }
  }
}

/** The one node that the pod's affinity names: pods of daemon sets. */
function pinned({ spec }: Pod): string | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms?.[0]?.matchFields?.find(({ key }) => key === 'metadata.name')?.values?.[0];
}

const condition = (type: string, status: string, now: string) => ({ type, status, lastTransitionTime: now });

/** What others have said of it stays. */
const othersOf = ({ status }: Pod) =>
  (status.conditions ?? []).filter((c) => c.type !== 'Ready' && c.type !== 'ContainersReady');

type ContainerStatuses = NonNullable<PodStatus['containerStatuses']>;

const containers = ({ spec }: Pod, ready: boolean, state: object): ContainerStatuses =>
  spec.containers.map(({ name, image = '' }) => ({
    name,
    image,
    imageID: '',
    ready,
    restartCount: 0,
    state,
    lastState: {},
  })) as unknown as ContainerStatuses;

/** 10.0.0.0/16 by the uid: an address has no other meaning here. */
const addressOf = ({ metadata }: Pod): string =>
  `10.0.${Number.parseInt(metadata.uid.slice(0, 2), 16)}.${Number.parseInt(metadata.uid.slice(2, 4), 16)}`;

function runningStatus(found: Pod, now: string): Partial<PodStatus> {
  const ip = addressOf(found);
  return {
    phase: 'Running',
    podIP: ip,
    podIPs: [{ ip }],
    startTime: now,
    conditions: [...othersOf(found), condition('Ready', 'True', now), condition('ContainersReady', 'True', now)],
    containerStatuses: containers(found, true, { running: { startedAt: now } }),
  };
}

function endedStatus(found: Pod, { exitCode, isDisrupted }: PodEnd, now: string): Partial<PodStatus> {
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  return {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: [
      ...othersOf(found),
      condition('Ready', 'False', now),
      condition('ContainersReady', 'False', now),
      ...(isDisrupted ? [condition('DisruptionTarget', 'True', now)] : []),
    ],
    containerStatuses: containers(found, false, { terminated: { exitCode, reason, startedAt: now, finishedAt: now } }),
  };
}

const restarted = (found: Pod, restartCount: number): Partial<PodStatus> => ({
  containerStatuses: containers(found, true, { running: { startedAt: found.metadata.creationTimestamp } }).map((c) => ({
    ...c,
    restartCount,
  })),
});

function waitingStatus(
  found: Pod,
  { reason, message, restarts }: Stuck & { readonly restarts: number },
  now: string,
): Partial<PodStatus> {
  return {
    phase: reason === 'CrashLoopBackOff' ? 'Running' : 'Pending',
    conditions: [...othersOf(found), condition('Ready', 'False', now), condition('ContainersReady', 'False', now)],
    containerStatuses: containers(found, false, { waiting: { reason, message } }).map((c) => ({
      ...c,
      restartCount: reason === 'CrashLoopBackOff' ? restarts : 0,
    })),
  };
}
