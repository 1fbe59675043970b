import {
  controllerRevision,
  daemonSet,
  isActive,
  isAvailable,
  isReady,
  isTerminal,
  node,
  pod,
  type Pod,
} from '@navarch/api';
import { compileLabelSelector, controllerOf, equalJson, keyOf, type ObjectOf } from '@navarch/machinery';
import {
  type Context,
  type Controller,
  defineController,
  type Outcome,
  owned,
  self,
  type Watch,
} from '../controller.ts';
import { staleLooks } from '../shared/measure.ts';
import { claim } from '../shared/claim.ts';
import { createPod, deletePod } from '../shared/pods.ts';
import { remove } from '../shared/remove.ts';
import { forgetRevisions, hashOf, REVISION_HASH, type Revision, syncRevisions } from '../shared/revisions.ts';
import { slowStart } from '../shared/slow-start.ts';
import { nextAvailability } from '../replica-set/replica-set.ts';
import { FailureBackOff } from './failure-back-off.ts';
import { nodeNameOf, specFor, verdictOn } from './placement.ts';
import { plan, type Post, type Rules } from './plan.ts';

type DaemonSet = ObjectOf<typeof daemonSet>;

const BURST = 250;
const RECORDED = { kind: daemonSet, hashLabel: REVISION_HASH } as const;
const TEMPLATE_GENERATION = 'pod-template-generation';
const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';

/** Only what decides where pods go: a node's heartbeat wakes nobody. */
const nodes: Watch = {
  kind: node,
  *keys({ current, previous }, cache) {
    if (
      current &&
      previous &&
      equalJson([current.metadata.labels, current.spec], [previous.metadata.labels, previous.spec])
    )
      return;
    for (const set of cache.list(daemonSet)) yield keyOf(set);
  },
};

const ownedRevisions = owned<Revision, DaemonSet>({
  dependent: controllerRevision,
  owner: daemonSet,
  adopts: (set, orphan) => compileLabelSelector(set.spec.selector).matches(orphan.metadata.labels),
});

/** A revision that is there from now on, and has its owner, tells the set nothing; what changes or goes does (as upstream). */
const revisions: Watch<Revision> = {
  kind: controllerRevision,
  keys: (change, cache) =>
    !change.previous && change.current && controllerOf(change.current) ? [] : ownedRevisions.keys(change, cache),
};

export function daemonSetController(): Controller {
  const failures = new FailureBackOff();
  return defineController({
    name: 'daemonset-controller',
    queueName: 'daemonset',
    stale: staleLooks('daemonset_controller'),
    watches: [
      self(daemonSet),
      nodes,
      owned<Pod, DaemonSet>({
        dependent: pod,
        owner: daemonSet,
        adopts: (set, orphan) => compileLabelSelector(set.spec.selector).matches(orphan.metadata.labels),
      }),
      revisions,
    ],
    async reconcile(key, context) {
      const set = context.cache.get(daemonSet, key);
      if (!set || set.metadata.deletionTimestamp) return undefined;
      if (compileLabelSelector(set.spec.selector).requirements.length > 0) return reconcile(set, failures, context);
      context.events.record(set, {
        type: 'Warning',
        reason: 'SelectingAll',
        message: 'This daemon set is selecting all pods. A non-empty selector is required.',
      });
      return undefined;
    },
  });
}

async function reconcile(set: DaemonSet, failures: FailureBackOff, context: Context): Promise<Outcome> {
  const { current, former: others, collisions } = await syncRevisions(set, RECORDED, context);
  const claimed = await claim(
    { kind: pod, owner: set, ownerKind: daemonSet, selector: compileLabelSelector(set.spec.selector) },
    context,
  );
  const twins = others.filter((revision) => equalJson(revision.data, current.data));
  const former = others.filter((revision) => !twins.includes(revision));
  const pods = twins.length > 0 ? await joinTwins(twins, current, claimed, context) : claimed;
  const ended = pods.filter((p) => !p.metadata.deletionTimestamp && isTerminal(p));
  const waits: number[] = [];
  for (const p of ended) {
    // What was said anew is tried at once, and what has ended well made nobody wait.
    const key = `${set.metadata.uid}/${set.metadata.generation}/${nodeNameOf(p)}`;
    const wait = p.status.phase === 'Failed' ? failures.turn(key, context.clock.monotonic()) : 0;
    if (wait > 0) waits.push(wait);
    else await removeEnded(p, set, context);
  }
  // An ended pod holds its place until it is gone.
  const posts = postsOf(set, pods, context);
  const rules = rulesOf(set, posts, hashOf(current), context.clock.now());
  try {
    await carryOut(set, posts, { rules, hash: hashOf(current) }, context);
    const hashes = new Set(pods.map((p) => p.metadata.labels?.[REVISION_HASH]));
    await forgetRevisions(set, former, (revision) => hashes.has(hashOf(revision)), context);
  } finally {
    // Pods that may not be made are missed all the same.
    await report(set, posts, { rules, collisions }, context);
  }
  const available = nextAvailability(pods, rules.minReadySeconds, rules.nowMs);
  if (available) waits.push(available.requeueAfterMs);
  return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
}

/** Of revisions with one template only the newest stays. Pods of the others are its pods from then on; none has to go for that. */
async function joinTwins(
  twins: readonly Revision[],
  current: Revision,
  pods: readonly Pod[],
  context: Context,
): Promise<readonly Pod[]> {
  const hash = hashOf(current);
  const hashes = new Set(twins.map(hashOf));
  const joined: Pod[] = [];
  for (const p of pods) {
    if (!hashes.has(p.metadata.labels?.[REVISION_HASH] ?? '')) joined.push(p);
    else
      joined.push(
        await context.api
          .of(pod)
          .patch(keyOf(p), { type: 'merge', body: { metadata: { labels: { [REVISION_HASH]: hash } } } }),
      );
  }
  for (const twin of twins) await remove(controllerRevision, twin, context);
  return joined;
}

/** A daemon never ends by itself: what has ended makes room for the next. */
async function removeEnded(p: Pod, set: DaemonSet, context: Context): Promise<void> {
  const [type, verb] =
    p.status.phase === 'Failed' ? (['Warning', 'Failed'] as const) : (['Normal', 'Succeeded'] as const);
  const message = `Found ${verb.toLowerCase()} daemon pod ${keyOf(p)} on node ${p.spec.nodeName ?? ''}, will try to ${verb === 'Failed' ? 'kill' : 'delete'} it`;
  context.events.record(set, { type, reason: `${verb}DaemonPod`, message });
  await deletePod(p, set, context);
}

function postsOf(set: DaemonSet, pods: readonly Pod[], { cache }: Context): readonly Post[] {
  const perNode = Map.groupBy(pods, nodeNameOf);
  const posts = cache.list(node).map((n): Post => {
    const here = perNode.get(n.metadata.name) ?? [];
    perNode.delete(n.metadata.name);
    const living = here.filter(isActive);
    return {
      nodeName: n.metadata.name,
      verdict: verdictOn(set.spec.template.spec, n),
      pods: living,
      terminating: here.length - living.length,
    };
  });
  // Pods of nodes that are gone; those that were bound there are the pod garbage collector's.
  const lost = [...perNode].map(([nodeName, here]): Post => {
    const unbound = here.filter((p) => !p.spec.nodeName && !p.metadata.deletionTimestamp);
    return { nodeName, verdict: { shouldRun: false, mayStay: false }, pods: unbound, terminating: 0 };
  });
  return [...posts, ...lost];
}

function rulesOf(set: DaemonSet, posts: readonly Post[], hash: string, nowMs: number): Rules {
  const { updateStrategy, minReadySeconds = 0 } = set.spec;
  const desired = posts.filter((post) => post.verdict.shouldRun).length;
  const count = (value: number | string): number =>
    typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * desired) / 100);
  const maxSurge = count(updateStrategy?.rollingUpdate?.maxSurge ?? 0);
  const maxUnavailable = count(updateStrategy?.rollingUpdate?.maxUnavailable ?? (maxSurge > 0 ? 0 : 1));
  return {
    isUpdated: (p) => p.metadata.labels?.[REVISION_HASH] === hash,
    minReadySeconds,
    maxSurge,
    nowMs,
    maxUnavailable: maxSurge === 0 ? Math.max(1, maxUnavailable) : maxUnavailable,
    replaces: updateStrategy?.type !== 'OnDelete',
  };
}

async function carryOut(
  set: DaemonSet,
  posts: readonly Post[],
  { rules, hash }: { readonly rules: Rules; readonly hash: string },
  context: Context,
): Promise<void> {
  const { create, remove } = plan(posts, rules);
  const removals = await Promise.allSettled(remove.slice(0, BURST).map((p) => deletePod(p, set, context)));
  const { template } = set.spec;
  const generation = set.metadata.annotations?.[GENERATION_ANNOTATION];
  const labels = {
    ...template.metadata?.labels,
    [REVISION_HASH]: hash,
    ...(generation ? { [TEMPLATE_GENERATION]: generation } : {}),
  };
  await slowStart(Math.min(create.length, BURST), async (n) => {
    context.signal.throwIfAborted();
    const order = {
      ...template,
      metadata: { ...template.metadata, labels },
      spec: specFor(template.spec, create[n] ?? ''),
    };
    await createPod({ template: order, owner: set, ownerKind: daemonSet }, context);
  });
  const failed = removals.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

interface Standing {
  readonly rules: Rules;
  readonly collisions: number;
}

async function report(
  set: DaemonSet,
  posts: readonly Post[],
  { rules, collisions }: Standing,
  { api }: Context,
): Promise<Outcome> {
  const count = (matches: (post: Post) => boolean): number => posts.filter(matches).length;
  const wanted = posts.filter((post) => post.verdict.shouldRun);
  const has = (matches: (p: Pod) => boolean): number => wanted.filter((post) => post.pods.some(matches)).length;
  const available = has((p) => isAvailable(p, rules.minReadySeconds, rules.nowMs));
  const optional = {
    updatedNumberScheduled: has(rules.isUpdated),
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
    collisionCount: collisions,
  };
  const status = {
    currentNumberScheduled: count((post) => post.verdict.shouldRun && post.pods.length > 0),
    numberMisscheduled: count((post) => !post.verdict.shouldRun && post.pods.length > 0),
    desiredNumberScheduled: wanted.length,
    numberReady: has(isReady),
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...Object.fromEntries(Object.entries(optional).filter(([, n]) => n > 0)),
  } as DaemonSet['status'];
  if (equalJson(status, set.status)) return undefined;
  await api
    .of(daemonSet)
    .update(keyOf(set), (current) => (current.metadata.uid === set.metadata.uid ? { ...current, status } : current), {
      subresource: 'status',
    });
  return undefined;
}
