import { deviceClass, type Node, type Pod, resourceClaim } from '@navarch/api';
import { byController, type CacheReader } from '@navarch/client';
import { type Key, keyOf } from '@navarch/machinery';
import { groupKeyOf, groupOf, type PodGroup } from '../gang/pod-groups.ts';
import { Answers } from './answers.ts';
import { type Allocation, type Claim, type DeviceClass, keyOfPool, type Result, type Slice } from './devices.ts';
import { isForExtended } from './extended-claim.ts';
import { classesByResource } from './extended-names.ts';
import { InUse } from './in-use.ts';
import { Inventory } from './inventory.ts';
import type { ClaimPlan } from './plan.ts';
import { type Found, search, type Supply } from './search.ts';
import { Selectors } from './selectors.ts';

/** What a claim is about to get, for which pods; all of one group, if there are several. */
interface Pending {
  readonly allocation: Allocation;
  readonly group: Key | undefined;
  readonly holders: Set<string>;
}

interface Doomed {
  readonly claim: Claim;
  readonly isGone: boolean;
}

/**
 * Who has which device: what the cache says, what was written and the cache has not shown yet, and what was decided and
 * is being written. Kept by events from the moment somebody asks. As large as the allocations of the cluster.
 */
export class DeviceLedger {
  readonly #objects: CacheReader;
  readonly #inventory: Inventory;
  readonly #selectors = new Selectors();
  readonly #inUse = new InUse();
  /** By uid of the claim: what is counted of it. */
  #counted: Map<string, readonly Result[]> | undefined;
  /** By uid: being written. */
  readonly #pending = new Map<string, Pending>();
  /** By key: as we wrote it, until the cache has it. */
  readonly #written = new Map<Key, Claim>();
  /** By uid: claims that we take away. Forgotten when the cache has shown them and shows them no more. */
  readonly #doomed = new Map<string, Doomed>();
  readonly #answers = new Answers();
  #classes: ReadonlyMap<string, string> | undefined;

  constructor(objects: CacheReader) {
    this.#objects = objects;
    this.#inventory = new Inventory(objects);
  }

  claim(key: Key): Claim | undefined {
    const seen = this.#objects.get(resourceClaim, key);
    const written = this.#written.get(key);
    if (!written) return seen;
    if (!seen) return this.#isGone(written) ? undefined : written;
    return seen.metadata.uid === written.metadata.uid ? written : seen;
  }

  deviceClass(name: string): DeviceClass | undefined {
    return this.#objects.get(deviceClass, name);
  }

  /** The class whose devices stand behind a resource that containers ask for. */
  classOf(resource: string): string | undefined {
    this.#classes ??= classesByResource(this.#objects.list(deviceClass));
    return this.#classes.get(resource);
  }

  /** Claims that were made for a pod's extended resources and have not gone. */
  extendedClaimsOf({ metadata: { uid } }: Pod): readonly Claim[] {
    return this.#objects
      .find(resourceClaim, byController, uid)
      .filter((claim) => isForExtended(claim) && !this.#doomed.get(claim.metadata.uid)?.isGone)
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .map((claim) => this.claim(keyOf(claim)) ?? claim);
  }

  /** What these claims would get on a node if they were allocated now. Asked again before anything changes there it costs nothing. */
  solve(plans: readonly ClaimPlan[], node: Node): Found {
    this.#read();
    return this.#answers.get(plans, node, this.#inventory.stampOf(node), () => search(plans, this.supplyFor(node)));
  }

  isPending({ metadata }: Claim): boolean {
    return this.#pending.has(metadata.uid);
  }

  /** What was decided for another pod of the pod's group, and is being written: pods that go together need not wait for it. */
  decidedFor({ metadata }: Claim, pod: Pod): Allocation | undefined {
    const pending = this.#pending.get(metadata.uid);
    const group = groupKeyOf(pod);
    return group !== undefined && pending?.group === group ? pending.allocation : undefined;
  }

  /** From now on nobody else gets these, but pods of the pod's group with it. */
  hold({ metadata: { uid } }: Claim, allocation: Allocation, pod: Pod): void {
    this.#read();
    const pending = this.#pending.get(uid) ?? { allocation, group: groupKeyOf(pod), holders: new Set() };
    pending.holders.add(pod.metadata.uid);
    this.#pending.set(uid, pending);
    this.#recount(uid, undefined);
  }

  /** What was held for the pod was written, or is not to be. */
  letGo(claim: Claim, pod: Pod): void {
    const { uid } = claim.metadata;
    const pending = this.#pending.get(uid);
    pending?.holders.delete(pod.metadata.uid);
    if (pending?.holders.size === 0) this.#pending.delete(uid);
    this.#recount(uid, this.claim(keyOf(claim)));
  }

  groupOf(pod: Pod): PodGroup | undefined {
    const key = groupKeyOf(pod);
    return key === undefined ? undefined : groupOf(key, this.#objects);
  }

  /** Counts before the cache shows it. */
  wrote(claim: Claim): void {
    const seen = this.#objects.get(resourceClaim, keyOf(claim));
    if (seen && !isOlder(seen, claim)) this.#written.delete(keyOf(claim));
    else this.#written.set(keyOf(claim), claim);
    this.#recount(claim.metadata.uid, claim);
    this.#sweep();
  }

  /** What came and went between two looks of the cache is told of by no event. */
  #sweep(): void {
    for (const [key, claim] of this.#written)
      if (!this.#objects.get(resourceClaim, key) && this.#isGone(claim)) this.gone(claim);
    for (const { claim, isGone } of this.#doomed.values()) if (isGone) this.#forgetUnlessShown(claim);
  }

  /** A cache that lags may show a claim for the first time after it is gone. */
  #forgetUnlessShown(claim: Claim): void {
    const { uid } = claim.metadata;
    const isShown = this.#objects.get(resourceClaim, keyOf(claim))?.metadata.uid === uid;
    if (!isShown && this.#isGone(claim)) this.#doomed.delete(uid);
  }

  /** It is not in the cache, and would be if it were still there. */
  #isGone({ metadata }: Claim): boolean {
    return this.#objects.hasSeen(resourceClaim, metadata.resourceVersion ?? '0');
  }

  /** The claim is about to be taken away: from now on it must not be relied on, whatever the cache shows. */
  doom(claim: Claim): void {
    const { uid } = claim.metadata;
    if (!this.#doomed.has(uid)) this.#doomed.set(uid, { claim, isGone: false });
  }

  isDoomed({ metadata: { uid } }: Claim): boolean {
    return this.#doomed.has(uid);
  }

  /** A doomed claim has given its devices back and is deleted, which the cache may show much later, or never showed at all. */
  gone(claim: Claim): void {
    const { uid } = claim.metadata;
    this.#written.delete(keyOf(claim));
    this.#doomed.set(uid, { claim, isGone: true });
    this.#forgetUnlessShown(claim);
    this.#recount(uid, undefined);
  }

  claimChanged(current: Claim | undefined, previous: Claim | undefined): void {
    const claim = current ?? previous;
    if (!claim) return;
    const key = keyOf(claim);
    if (!current || (previous && previous.metadata.uid !== claim.metadata.uid))
      this.#doomed.delete((previous ?? claim).metadata.uid);
    const written = this.#written.get(key);
    if (written && (!current || !isOlder(current, written) || current.metadata.uid !== written.metadata.uid))
      this.#written.delete(key);
    if (!this.#counted) return;
    this.#recount(claim.metadata.uid, current && this.claim(key));
  }

  sliceChanged(current: Slice | undefined, previous: Slice | undefined): void {
    this.#inventory.sliceChanged(current, previous);
  }

  /** Classes or taint rules. */
  rulesChanged(): void {
    this.#inventory.rulesChanged();
    this.#classes = undefined;
  }

  /** What claims can be met from on a node, as it is now. */
  supplyFor(node: Node): Supply {
    this.#read();
    return { node, pools: this.#inventory.poolsFor(node), inUse: this.#inUse, selectors: this.#selectors };
  }

  #read(): void {
    if (this.#counted) return;
    this.#counted = new Map();
    for (const claim of this.#objects.list(resourceClaim))
      this.#recount(claim.metadata.uid, this.claim(keyOf(claim)) ?? claim);
  }

  /** `claim` is as it is now, undefined where it is gone or its allocation is not known. */
  #recount(uid: string, claim: Claim | undefined): void {
    const counted = this.#counted;
    if (!counted) return;
    const held = this.#doomed.get(uid)?.isGone ? undefined : claim?.status.allocation?.devices?.results;
    const now = this.#pending.get(uid)?.allocation.devices?.results ?? held ?? [];
    const before = counted.get(uid) ?? [];
    if (now === before) return;
    for (const result of [...before, ...now]) this.#inventory.usageChanged(keyOfPool(result));
    this.#inUse.count(before, -1);
    this.#inUse.count(now, 1);
    if (now.length > 0) counted.set(uid, now);
    else counted.delete(uid);
  }
}

const isOlder = (a: Claim, b: Claim): boolean =>
  BigInt(a.metadata.resourceVersion ?? '0') < BigInt(b.metadata.resourceVersion ?? '0');
