import {
  cronJob,
  type Deployment,
  deployment,
  isActive,
  isReady,
  isTerminal,
  job,
  node,
  type Pod,
  pod,
  replicaSet,
  resourceQuota,
} from '@navarch/api';
import { type ApiObject, controllerOf, keyOf } from '@navarch/machinery';
import { conditionOf } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import type { View } from '../view.ts';

// What holds in every cluster, whatever is in it and whatever is done to it.

const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
/** What was ready so long ago may be taken for ready by who was behind, or down, meanwhile. */
const BEHIND_MS = 90_000;
/** What became ready within so long may not be known as such yet to who takes pods away: those that do not serve go first. */
const NEWS_MS = 10_000;

const boundOnce: Property = defineProperty({
  name: 'a pod is bound once',
  of: [pod],
  begin() {
    const nodes = new Map<string, string>();
    return (view) => {
      for (const { metadata, spec } of view.list(pod)) {
        const before = nodes.get(metadata.uid);
        if (before !== undefined && before !== spec.nodeName) return `${metadata.name} was on ${before}`;
        if (spec.nodeName !== undefined) nodes.set(metadata.uid, spec.nodeName);
      }
      return undefined;
    };
  },
});

/** Whose node is there is told to have ended before it goes: two that run under one name would write to one volume. */
const noneForgotten: Property = defineProperty({
  name: 'no pod goes while it runs',
  of: [pod],
  begin() {
    let before = new Map<string, Pod>();
    return (view) => {
      const now = new Map(view.list(pod).map((p) => [p.metadata.uid, p]));
      const lost = [...before.values()].find(
        (p) => !now.has(p.metadata.uid) && p.status.phase === 'Running' && view.get(node, p.spec.nodeName ?? ''),
      );
      before = now;
      return lost && `${lost.metadata.namespace}/${lost.metadata.name} did`;
    };
  },
});

const oneStartEach: Property = defineProperty({
  name: 'a cron job starts once for each moment',
  of: [job],
  begin() {
    const started = new Map<string, string>();
    return (view) => {
      for (const { metadata } of view.list(job)) {
        const at = metadata.annotations?.[SCHEDULED];
        if (at === undefined) continue;
        const moment = `${controllerOf({ metadata } as ApiObject)?.uid} ${at}`;
        const other = started.get(moment);
        if (other !== undefined && other !== metadata.uid) return `${metadata.name} again, for ${at}`;
        started.set(moment, metadata.uid);
      }
      return undefined;
    };
  },
});

/** What users lower takes nothing away; the server counts with what a quota says of itself. */
const quotaKept: Property = invariantOf('no quota is exceeded', [pod], (view) => {
  for (const { metadata, spec } of view.list(resourceQuota)) {
    const most = Number(spec.hard?.['pods'] ?? Infinity);
    const { length } = view.list(pod, metadata.namespace).filter((p) => !isTerminal(p));
    if (length > most) return `${length} pods of ${most} in ${metadata.namespace}`;
  }
  return undefined;
});

const oneActivePerIndex: Property = invariantOf('no index of a job is worked on twice', [pod], (view) => {
  const seen = new Set<string>();
  for (const p of view.list(pod)) {
    const index = p.metadata.annotations?.['batch.kubernetes.io/job-completion-index'];
    if (index === undefined || !isActive(p)) continue;
    const one = `${controllerOf(p)?.uid} ${index}`;
    if (seen.has(one)) return `${p.metadata.name} is the second`;
    seen.add(one);
  }
  return undefined;
});

const ownBlocks: Property = invariantOf('no block of addresses has two nodes', [node], (view) => {
  const blocks = view.list(node).flatMap(({ spec }) => spec.podCIDR ?? []);
  return new Set(blocks).size < blocks.length ? blocks.join(', ') : undefined;
});

/** Of the pods of a deployment, which its own controllers take away: never so many that fewer are left than it says. */
const enoughLeft: Property = defineProperty({
  name: 'a rollout leaves enough',
  of: [pod, deployment, replicaSet],
  begin() {
    /** When each set was last told how many to have, by uid: what goes later goes by what was so then. */
    const told = new Map<string, { readonly size: number; readonly atMs: number }>();
    const going = new Set<string>();
    const readyAt = new Map<string, number>();
    const readySince = new Map<string, number>();
    /** Who evicts does not ask the rollout, and the rollout hears of it later. */
    const evictedAt: number[] = [];
    const sizes = new Map<string, { size: number; atMs: number }[]>();
    return (view) => {
      const now = view.nowMs;
      for (const d of view.list(deployment)) {
        const known = sizes.get(d.metadata.uid) ?? [];
        sizes.set(d.metadata.uid, [
          ...known.filter(({ atMs }) => now - atMs < BEHIND_MS),
          { size: d.spec.replicas ?? 1, atMs: now },
        ]);
      }
      for (const { metadata, spec } of view.list(replicaSet)) {
        const size = spec.replicas ?? 1;
        if (told.get(metadata.uid)?.size !== size) told.set(metadata.uid, { size, atMs: now });
      }
      const pods = view.list(pod);
      for (const p of pods) {
        const { uid } = p.metadata;
        if (isActive(p) && isReady(p)) readyAt.set(uid, now);
        if (!isReady(p)) readySince.delete(uid);
        else if (!readySince.has(uid)) readySince.set(uid, now);
      }
      for (const p of pods) {
        if (!p.metadata.deletionTimestamp || going.has(p.metadata.uid)) continue;
        going.add(p.metadata.uid);
        if (conditionOf(p, 'DisruptionTarget')) evictedAt.push(now);
        // A set whose watch lies still for minutes does late what was right when it was told to.
        const since = Math.min(now - BEHIND_MS, told.get(controllerOf(p)?.uid ?? '')?.atMs ?? now);
        const evicted = evictedAt.filter((at) => at >= since).length;
        if (now - (readySince.get(p.metadata.uid) ?? now) < NEWS_MS) continue;
        const wrong = lackingAfter(p, { view, now, readyAt, sizes, evicted });
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    };
  },
});

interface Remembered {
  readonly view: View;
  readonly now: number;
  readonly readyAt: ReadonlyMap<string, number>;
  readonly sizes: ReadonlyMap<string, readonly { readonly size: number }[]>;
  readonly evicted: number;
}

function lackingAfter(gone: Pod, { view, now, readyAt, sizes, evicted }: Remembered): string | undefined {
  if (!readyAt.has(gone.metadata.uid) || conditionOf(gone, 'DisruptionTarget')) return undefined;
  const owner = deploymentOf(gone, view);
  const bounds = owner?.spec.strategy?.rollingUpdate;
  if (!owner || !bounds || owner.metadata.deletionTimestamp) return undefined;
  const size = Math.min(...(sizes.get(owner.metadata.uid) ?? []).map((known) => known.size));
  const left = view
    .list(pod, gone.metadata.namespace)
    .filter((p) => !p.metadata.deletionTimestamp && now - (readyAt.get(p.metadata.uid) ?? -Infinity) <= BEHIND_MS)
    .filter((p) => deploymentOf(p, view) === owner).length;
  const least = size - Number(bounds.maxUnavailable ?? 0) - evicted;
  return left < least ? `${left} of ${keyOf(owner)} are left, of at least ${least}` : undefined;
}

function deploymentOf(p: Pod, view: View): Deployment | undefined {
  const set = view.get(replicaSet, `${p.metadata.namespace}/${controllerOf(p)?.name}`);
  return set && view.get(deployment, `${p.metadata.namespace}/${controllerOf(set)?.name}`);
}

export const everywhere: readonly Property[] = [
  boundOnce,
  noneForgotten,
  oneStartEach,
  quotaKept,
  oneActivePerIndex,
  ownBlocks,
  enoughLeft,
];

/** Who names an owner that is not there is garbage that nobody collected. */
export function orphans(view: View): readonly string[] {
  const kinds = [deployment, replicaSet, pod, job, cronJob];
  const all: readonly ApiObject[] = kinds.flatMap((kind): readonly ApiObject[] => view.list(kind as typeof pod));
  const uids = new Set(all.map(({ metadata }) => metadata.uid));
  const known = new Set(['Deployment', 'ReplicaSet', 'Job', 'CronJob']);
  return all
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ kind, uid }) => known.has(kind) && !uids.has(uid)))
    .map((object) => `${object.kind} ${keyOf(object)}`);
}
