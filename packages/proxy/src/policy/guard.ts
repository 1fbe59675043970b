import { namespace, networkPolicy, pod as podKind, type Pod } from '@navarch/api';
import { aborted, type Clock, type Logger, Marks, Notifier, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { keyOf } from '@navarch/machinery';
import { clusterCidrsOf } from '../cluster-cidrs.ts';
import { FAMILIES } from '../families.ts';
import type { PacketFilter } from '../proxy.ts';
import { LEAVING, POLICY_TABLE, verdictMap } from './fixed.ts';
import { type Claim, podFacts } from './pod-facts.ts';
import { PolicyView } from './view.ts';

export interface PolicyGuardDeps {
  readonly cache: Cache;
  /** One that nobody runs yet, for the pods of all nodes. */
  podCache(): Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly filter: Pick<PacketFilter, 'apply' | 'areNamed'>;
  readonly nodeName: string;
  /** The device that pods of this node hang on. */
  readonly bridge: string;
  /** Addresses of pods on all nodes, a range or with a comma one of each family: of other families nobody has any. */
  readonly clusterCidr: string;
}

/** Changes that arrive within this time are applied together. */
const COALESCE_MS = 10;
const RETRY_MS = 1000;
/** Someone may throw away all rules of the machine: whether ours are there is looked at this often. */
const LOOK_MS = 5_000;
const MIRROR = 'kubernetes.io/config.mirror';

const REMOVAL = `add table inet ${POLICY_TABLE}\ndelete table inet ${POLICY_TABLE}\n`;
/** What the first rules of packets name: who empties a table (`nft flush table`) leaves its chains. */
const LOOKED_AT = [`map ${verdictMap('egress', FAMILIES[0])}`, `chain ${LEAVING}`];

interface NumberedClaim extends Claim {
  readonly number: number;
}

/**
 * Keeps the packet filter of a node as the network policies say (ADR 13). Where there are no policies there is no table,
 * and nobody's pods are followed. Once there are, pods that nobody told of are closed, so that none is open while its
 * rules are on their way; and since the kubelet waits with a pod's containers for admit(), none of them notices.
 */
export class PolicyGuard {
  readonly #deps: PolicyGuardDeps;
  #view: PolicyView;
  readonly #marks = new Marks();
  /** By the pod's key, then by its uid; no more than the kubelet runs. */
  readonly #claims = new Map<string, Map<string, NumberedClaim>>();
  /** Claims are numbered as they come: up to which they are in the kernel, and up to which they were refused last. */
  #asked = 0;
  #done = 0;
  #refused: { readonly upTo: number; readonly error: unknown } | undefined;
  readonly #moved = new Notifier();
  /** All pods, while there are policies; and how they are let go. */
  #pods: { readonly cache: Cache; readonly following: AbortController } | undefined;
  #table: 'unknown' | 'absent' | 'present' = 'unknown';

  constructor(deps: PolicyGuardDeps) {
    this.#deps = deps;
    this.#view = this.#emptyView();
  }

  /** Until the signal aborts. The rules stay. */
  async run(signal: AbortSignal): Promise<void> {
    const { cache, clock } = this.#deps;
    await using group = new TaskGroup(signal);
    cache.onChange(networkPolicy, (current, previous) => {
      const changed = current ?? previous;
      if (changed) this.#view.setPolicy(keyOf(changed), current);
      this.#marks.set();
    });
    cache.onChange(namespace, (current, previous) => {
      const changed = current ?? previous;
      if (changed) this.#view.setNamespace(changed.metadata.name, current && (current.metadata.labels ?? {}));
      this.#marks.set();
    });
    await cache.whenSynced([networkPolicy, namespace], group.signal);
    group.spawn((s) => this.#look(s));
    while (await this.#marks.take(clock, COALESCE_MS, group.signal)) {
      if (this.#isNeeded && !this.#pods) this.#followPods(group);
      if (!this.#isNeeded && this.#pods) this.#leavePods();
      // Until all are known nothing is changed: what an earlier run left stays, and whoever asks to be admitted waits.
      if (!this.#pods || this.#pods.cache.isSynced(podKind)) await this.#apply(group.signal);
    }
  }

  /**
   * Resolves when the kernel has the rules for the pod at these addresses. Rejects where it refuses them: the pod must not
   * be started then.
   */
  async admit(pod: Pod, addresses: readonly string[], signal: AbortSignal): Promise<void> {
    if (pod.spec.hostNetwork) return;
    const key = keyOf(pod);
    const claims = this.#claims.get(key) ?? new Map<string, NumberedClaim>();
    this.#claims.set(key, claims);
    const known = claims.get(pod.metadata.uid ?? '');
    // Every container of the pod asks.
    const isKnown = known?.addresses.join() === addresses.join();
    const mine = isKnown ? known.number : ++this.#asked;
    if (!isKnown) {
      claims.set(pod.metadata.uid ?? '', { pod, addresses, number: mine });
      this.#tell(key);
      this.#marks.set();
    }
    if (this.#table === 'absent' && !this.#isNeeded) return;
    while (this.#done < mine) {
      if (this.#refused && this.#refused.upTo >= mine) {
        const { error } = this.#refused;
        throw new Error(`cannot enforce network policies: ${(error as Error).message}`, { cause: error });
      }
      await this.#moved.wait(signal);
    }
  }

  /** Nothing of the pod is left. */
  dismiss(pod: Pod): void {
    const key = keyOf(pod);
    const claims = this.#claims.get(key);
    const uid = pod.metadata.uid ?? '';
    if (!claims?.delete(uid)) return;
    if (claims.size === 0) this.#claims.delete(key);
    this.#view.setPod(claimKey(key, uid), undefined);
    this.#tell(key);
    this.#marks.set();
  }

  get #isNeeded(): boolean {
    return this.#deps.cache.list(networkPolicy).length > 0;
  }

  #emptyView(): PolicyView {
    const { clusterCidr, bridge } = this.#deps;
    const ranges = clusterCidrsOf(clusterCidr);
    return new PolicyView(
      bridge,
      FAMILIES.filter(({ name }) => clusterCidr === '' || ranges[name] !== undefined),
    );
  }

  #followPods(group: TaskGroup): void {
    const [cache, following] = [this.#deps.podCache(), new AbortController()];
    this.#pods = { cache, following };
    cache.onChange(podKind, (current, previous) => {
      const changed = current ?? previous;
      if (changed) this.#tell(keyOf(changed));
      this.#marks.set();
    });
    for (const key of this.#claims.keys()) this.#tell(key);
    group.spawn(async (s) => {
      const until = AbortSignal.any([s, following.signal]);
      await using both = new TaskGroup(until);
      both.spawn((inner) => cache.run(inner));
      await cache.whenSynced([podKind], both.signal).catch(() => undefined);
      this.#marks.set();
      if (!until.aborted) await aborted(until);
    });
  }

  /** Policies and namespaces are few: they are known all the time. */
  #leavePods(): void {
    this.#pods?.following.abort(new Error('No policies'));
    this.#pods = undefined;
    this.#view = this.#emptyView();
    for (const { metadata } of this.#deps.cache.list(namespace))
      this.#view.setNamespace(metadata.name, metadata.labels ?? {});
  }

  /** What the API and the kubelet say of the pods of one name: two only while one of them goes. */
  #tell(key: string): void {
    if (!this.#pods) return;
    const { nodeName } = this.#deps;
    const shown = this.#pods.cache.get(podKind, key);
    let isClaimed = false;
    for (const [uid, claim] of this.#claims.get(key) ?? []) {
      const isShown =
        shown !== undefined && (shown.metadata.uid === uid || shown.metadata.annotations?.[MIRROR] !== undefined);
      isClaimed ||= isShown;
      const facts = podFacts(isShown ? shown : claim.pod, nodeName, claim);
      this.#view.setPod(claimKey(key, uid), facts && { ...facts, key: claimKey(key, uid) });
    }
    this.#view.setPod(key, isClaimed || !shown ? undefined : podFacts(shown, nodeName));
  }

  async #apply(signal: AbortSignal): Promise<void> {
    const { clock, log, filter } = this.#deps;
    const upTo = this.#asked;
    const isNeeded = this.#isNeeded;
    const script = isNeeded ? this.#view.take() : this.#table === 'absent' ? '' : REMOVAL;
    try {
      if (script !== '') await filter.apply(script, signal);
      if (!isNeeded) this.#view.forget();
      this.#table = isNeeded ? 'present' : 'absent';
      this.#done = upTo;
      this.#refused = undefined;
      this.#moved.notify();
    } catch (error) {
      if (signal.aborted) return;
      log.warn('network policies refused by the packet filter', { error });
      this.#view.forget();
      this.#table = 'unknown';
      this.#refused = { upTo, error };
      this.#moved.notify();
      this.#marks.set();
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, log, filter } = this.#deps;
    for (;;) {
      await clock.sleep(LOOK_MS, signal);
      if (this.#table !== 'present') continue;
      const isThere = await filter.areNamed(POLICY_TABLE, LOOKED_AT, signal).catch(() => false);
      if (signal.aborted) return;
      // It may just have been removed by us.
      if (isThere || this.#table !== 'present') continue;
      log.warn('the rules of network policies were gone: they are made anew');
      this.#view.forget();
      this.#marks.set();
    }
  }
}

/** No pod's own: their names have no slash. */
const claimKey = (key: string, uid: string): string => `${key}/${uid}`;
