import { controllerRevision, isTerminal, persistentVolumeClaim, pod, type Pod, statefulSet } from '@navarch/api';
import { compileLabelSelector, hasReason } from '@navarch/machinery';
import { type Context, type Controller, defineController, owned, self } from '../controller.ts';
import { staleLooks } from '../shared/measure.ts';
import { claim } from '../shared/claim.ts';
import { forgetRevisions, HISTORY_HASH, type Revision, syncRevisions } from '../shared/revisions.ts';
import { nextAvailability } from '../replica-set/replica-set.ts';
import { createClaims, hasStaleClaim, settleClaims } from './claims.ts';
import { maxUnavailableOf, setGauges } from './gauges.ts';
import { createMember, deleteMember, isOfRevision, restoreIdentity } from './identity.ts';
import { ordinalOf, startOf, type StatefulSet } from './names.ts';
import { isUp, type Named, statusOf, writeStatus } from './status.ts';

const RECORDED = { kind: statefulSet, hashLabel: HISTORY_HASH } as const;

export const statefulSetController: Controller = defineController({
  name: 'statefulset-controller',
  queueName: 'statefulset',
  stale: staleLooks('statefulset_controller'),
  watches: [
    self(statefulSet),
    owned<Pod, StatefulSet>({
      dependent: pod,
      owner: statefulSet,
      adopts: (set, orphan) =>
        ordinalOf(set, orphan) !== undefined && compileLabelSelector(set.spec.selector).matches(orphan.metadata.labels),
    }),
  ],
  reads: [controllerRevision, persistentVolumeClaim],
  gauges: setGauges,

  async reconcile(key, context) {
    const set = context.cache.get(statefulSet, key);
    if (!set) return undefined;
    if (set.metadata.deletionTimestamp) return reportGoing(set, context);
    const { current: update, former, collisions } = await syncRevisions(set, RECORDED, context);
    const current = former.find((revision) => revision.metadata.name === set.status.currentRevision) ?? update;
    const pods = await podsOf(set, context);
    const members = new Members(set, pods, { current, update }, context.clock.now());
    let failure: { readonly error: unknown } | undefined;
    let replaced: readonly Pod[] = [];
    try {
      await settleAllClaims(members, context);
      replaced = await step(members, context);
    } catch (error) {
      failure = { error };
    }
    const nowMs = context.clock.now();
    await writeStatus(set, statusOf({ set, pods, current, update, collisions, replaced, nowMs }), context);
    await forgetRevisions(
      set,
      former,
      (revision) => revision === current || pods.some((p) => isOfRevision(p, revision)),
      context,
    );
    if (failure) throw failure.error;
    return nextAvailability(pods, set.spec.minReadySeconds ?? 0, context.clock.now());
  },
});

const podsOf = (set: StatefulSet, context: Context): Promise<readonly Pod[]> =>
  claim(
    {
      kind: pod,
      owner: set,
      ownerKind: statefulSet,
      selector: compileLabelSelector(set.spec.selector),
      considers: (p) => ordinalOf(set, p) !== undefined,
    },
    context,
  );

/** Whose pods go before it, as their owner in the foreground, still tells how many are left; it makes and takes none. */
async function reportGoing(set: StatefulSet, context: Context): Promise<undefined> {
  const { currentRevision, updateRevision, collisionCount = 0 } = set.status;
  if (currentRevision === undefined || updateRevision === undefined) return undefined;
  const [current, update] = [currentRevision, updateRevision].map((name) => ({ metadata: { name } })) as [Named, Named];
  const nowMs = context.clock.now();
  const pods = await podsOf(set, context);
  const status = statusOf({ set, pods, current, update, collisions: collisionCount, replaced: [], nowMs });
  try {
    await writeStatus(set, status, context);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
  return undefined;
}

interface Revisions {
  readonly current: Revision;
  readonly update: Revision;
}

/** The pods of a set by their ordinals: those it should have, and those beyond. */
class Members {
  readonly set: StatefulSet;
  readonly revisions: Revisions;
  readonly wanted: readonly { readonly ordinal: number; readonly pod: Pod | undefined }[];
  /** The highest ordinal first. */
  readonly surplus: readonly Pod[];
  readonly pods: readonly Pod[];
  readonly #nowMs: number;

  constructor(set: StatefulSet, pods: readonly Pod[], revisions: Revisions, nowMs: number) {
    this.set = set;
    this.pods = pods;
    this.revisions = revisions;
    this.#nowMs = nowMs;
    const byOrdinal = new Map(pods.map((p) => [ordinalOf(set, p) ?? -1, p]));
    const [start, replicas] = [startOf(set), set.spec.replicas ?? 1];
    this.wanted = Array.from({ length: replicas }, (_, i) => ({ ordinal: start + i, pod: byOrdinal.get(start + i) }));
    this.surplus = [...byOrdinal]
      .filter(([ordinal]) => ordinal < start || ordinal >= start + replicas)
      .sort(([a], [b]) => b - a)
      .map(([, p]) => p);
  }

  isUp(p: Pod): boolean {
    return isUp(this.set, p, this.#nowMs);
  }

  /** A surplus pod that is not up goes only where none below it is in trouble: whoever was ill before it is to be looked after first. */
  mustWaitFor(member: Pod): boolean {
    return !this.isUp(member) && member !== this.surplus.findLast((p) => !this.isUp(p));
  }

  /** The revision that a pod of this ordinal is made from: below the partition, and where the rollout has not come yet, the old one. */
  revisionFor(ordinal: number): Revision {
    const { updateStrategy } = this.set.spec;
    if (updateStrategy?.type === 'OnDelete') return this.revisions.update;
    const { partition } = updateStrategy?.rollingUpdate ?? {};
    const old = partition ?? this.set.status.currentReplicas ?? 0;
    return ordinal < startOf(this.set) + old ? this.revisions.current : this.revisions.update;
  }
}

/** Before any pod goes: with whom its claims go is decided by then. */
async function settleAllClaims({ set, wanted, surplus }: Members, context: Context): Promise<void> {
  if (!set.spec.volumeClaimTemplates?.length) return;
  // What goes with a pod that is gone goes, though another is wanted in its place.
  for (const { ordinal, pod: member } of wanted) if (member) await settleClaims(set, ordinal, undefined, context);
  for (const p of surplus) await settleClaims(set, ordinalOf(set, p) ?? -1, p, context);
}

/**
 * Does what may be done now. With ordered management that is one thing, and nothing while a predecessor is not up.
 * Gives the pods that were taken away for others of the next revision.
 */
async function step(members: Members, context: Context): Promise<readonly Pod[]> {
  const { set } = members;
  const isOrdered = set.spec.podManagementPolicy !== 'Parallel';
  for (const { ordinal, pod: member } of members.wanted) {
    context.signal.throwIfAborted();
    if (!member) await fill(set, ordinal, members.revisionFor(ordinal), context);
    else if (isTerminal(member) && !member.metadata.deletionTimestamp) await deleteMember(set, member, context);
    else if (members.isUp(member)) {
      await restoreIdentity(set, ordinal, member, context);
      continue;
    } else if (member.status.phase === 'Pending') await createClaims(set, ordinal, context);
    if (isOrdered) return [];
  }
  for (const member of members.surplus) {
    if (isOrdered && members.mustWaitFor(member)) return [];
    if (!member.metadata.deletionTimestamp) await deleteMember(set, member, context);
    // The next only after this one has gone, so that the set is never smaller than its ordinals say.
    if (isOrdered) return [];
  }
  return set.spec.updateStrategy?.type === 'OnDelete' ? [] : roll(members, context);
}

async function fill(set: StatefulSet, ordinal: number, revision: Revision, context: Context): Promise<void> {
  // Nobody need be told: the collector is about to take it away. To be looked at again, as after a failure.
  if (hasStaleClaim(set, ordinal, context))
    throw new Error(`A claim of ordinal ${ordinal} belongs to a pod that is gone, and goes with it`);
  await createMember(set, ordinal, revision, context);
}

/** From the highest ordinal down to the partition, pods give way to the next revision: as many at a time as may be missing (KEP-961). */
async function roll(members: Members, context: Context): Promise<readonly Pod[]> {
  const { set, revisions, wanted } = members;
  const { partition = 0 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const isOld = (p: Pod | undefined): p is Pod =>
    p !== undefined && !p.metadata.deletionTimestamp && !isOfRevision(p, revisions.update);
  // An old pod in trouble is not waited for: its successor may be what mends it.
  const missing = wanted.filter(({ pod: p }) => !isOld(p) && !(p && members.isUp(p))).length;
  const room = maxUnavailableOf(set) - missing;
  const lowest = startOf(set) + partition;
  const old = wanted
    .filter(({ ordinal }) => ordinal >= lowest)
    .map(({ pod: p }) => p)
    .filter(isOld);
  const replaced = old.toReversed().slice(0, Math.max(0, room));
  for (const member of replaced) await deleteMember(set, member, context);
  return replaced;
}
