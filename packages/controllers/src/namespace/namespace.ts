import { namespace, type Namespace, pod, type Pod } from '@navarch/api';
import { type ApiObject, equalJson, hasReason, type Kind } from '@navarch/machinery';
import {
  type Context,
  type Controller,
  defineController,
  NOBODY,
  type Outcome,
  self,
  type Watch,
} from '../controller.ts';
import { messageOf } from '../shared/pods.ts';
import { timestamp } from '../shared/time.ts';

type Condition = NonNullable<Namespace['status']['conditions']>[number];

const FINALIZER = 'kubernetes';
/** How long something with finalizers is given before the next look. */
const FINALIZERS_SECONDS = 15;

/** The last pod that goes lets the rest go. */
const podsGone: Watch<Pod> = {
  kind: pod,
  keys({ current, previous }, cache) {
    const name = previous?.metadata.namespace ?? '';
    return !current && cache.get(namespace, name)?.metadata.deletionTimestamp ? [name] : NOBODY;
  },
};

/** What is left of one kind. */
interface Remainder {
  readonly kind: Kind<any>;
  readonly objects: readonly ApiObject[];
}

/**
 * Empties a namespace that is being deleted: its pods first, so that nothing runs without the policies that go with it
 * (KEP-5080), then everything else; then lets the namespace go. `kinds`: every kind that is served at that moment, so
 * that nothing is left behind of one that has just come.
 */
export const namespaceController = (kinds: () => readonly Kind<any>[]): Controller =>
  defineController({
    name: 'namespace-controller',
    queueName: 'namespace',
    watches: [self(namespace, ({ current }) => current?.metadata.deletionTimestamp !== undefined), podsGone],
    workers: 10,
    async reconcile(key, context) {
      const found = context.cache.get(namespace, key);
      if (!found?.metadata.deletionTimestamp || !found.spec.finalizers?.includes(FINALIZER)) return undefined;
      return empty(found, kinds().filter(isContent), context);
    },
  });

const isContent = ({ namespaced, isAlternate, verbs }: Kind<any>): boolean =>
  namespaced && !isAlternate && verbs.includes('delete') && verbs.includes('list');

async function empty(found: Namespace, contents: readonly Kind<any>[], context: Context): Promise<Outcome> {
  const { name } = found.metadata;
  const failures: string[] = [];
  let remaining = await clear([pod], name, failures, context);
  if (remaining.length === 0 && failures.length === 0)
    remaining = await clear(
      contents.filter((kind) => kind !== pod),
      name,
      failures,
      context,
    );
  await report(found, conditionsOf(remaining, failures), context);
  if (failures.length > 0) throw new Error(`Cannot empty namespace ${name}: ${failures.join('; ')}`);
  if (remaining.length > 0) return { requeueAfterMs: (Math.floor(secondsLeft(remaining) / 2) + 1) * 1000 };
  await finalize(name, context);
  return undefined;
}

/** Asks for everything of these kinds to be deleted; resolves to what is still there afterwards. */
async function clear(
  kinds: readonly Kind<any>[],
  name: string,
  failures: string[],
  { api, signal }: Context,
): Promise<readonly Remainder[]> {
  const remaining: Remainder[] = [];
  for (const kind of kinds) {
    signal.throwIfAborted();
    const of = api.of<ApiObject>(kind);
    try {
      const before = (await of.list({ namespace: name })).items;
      if (before.length === 0) continue;
      if (before.some((object) => !object.metadata.deletionTimestamp))
        await of.deleteCollection({ namespace: name, propagationPolicy: 'Background' });
      const objects = (await of.list({ namespace: name })).items;
      if (objects.length > 0) remaining.push({ kind, objects });
    } catch (error) {
      signal.throwIfAborted();
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'MethodNotAllowed')) failures.push(messageOf(error));
    }
  }
  return remaining;
}

function secondsLeft(remaining: readonly Remainder[]): number {
  const all = remaining.flatMap(({ objects }) => objects);
  return Math.max(
    ...all.map(({ metadata }) =>
      metadata.finalizers?.length ? FINALIZERS_SECONDS : Number(metadata.deletionGracePeriodSeconds ?? 0),
    ),
  );
}

type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

function conditionsOf(remaining: readonly Remainder[], failures: readonly string[]): readonly Verdict[] {
  const rest = remaining
    .map(({ kind, objects }) => `${kind.plural}.${kind.group} has ${objects.length} resource instances`)
    .sort();
  const finalizers = new Map<string, number>();
  for (const { objects } of remaining) {
    for (const { metadata } of objects)
      for (const finalizer of metadata.finalizers ?? [])
        finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  }
  const held = [...finalizers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  const verdict = (
    type: string,
    bad: string | undefined,
    reason: string,
    fine: readonly [reason: string, message: string],
  ): Verdict =>
    bad === undefined
      ? { type, status: 'False', reason: fine[0], message: fine[1] }
      : { type, status: 'True', reason, message: bad };
  return [
    verdict('NamespaceDeletionDiscoveryFailure', undefined, 'DiscoveryFailed', [
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ]),
    verdict('NamespaceDeletionGroupVersionParsingFailure', undefined, 'GroupVersionParsingFailed', [
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ]),
    verdict(
      'NamespaceDeletionContentFailure',
      failures.length > 0
        ? `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`
        : undefined,
      'ContentDeletionFailed',
      ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    ),
    verdict(
      'NamespaceContentRemaining',
      rest.length > 0 ? `Some resources are remaining: ${rest.join(', ')}` : undefined,
      'SomeResourcesRemain',
      ['ContentRemoved', 'All content successfully removed'],
    ),
    verdict(
      'NamespaceFinalizersRemaining',
      held.length > 0 ? `Some content in the namespace has finalizers remaining: ${held.join(', ')}` : undefined,
      'SomeFinalizersRemain',
      ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
    ),
  ];
}

async function report(found: Namespace, verdicts: readonly Verdict[], { api, clock }: Context): Promise<void> {
  const before = found.status.conditions ?? [];
  const conditions = verdicts.map((next): Condition => {
    const current = before.find((condition) => condition.type === next.type);
    return {
      ...next,
      lastTransitionTime: current?.status === next.status ? (current.lastTransitionTime ?? '') : timestamp(clock.now()),
    };
  });
  if (equalJson(conditions, before)) return;
  await api
    .of(namespace)
    .update(
      found.metadata.name,
      (current) =>
        current.metadata.uid === found.metadata.uid
          ? { ...current, status: { ...current.status, phase: 'Terminating', conditions } }
          : current,
      { subresource: 'status' },
    );
}

async function finalize(name: string, { api }: Context): Promise<void> {
  try {
    await api.of(namespace).update(
      name,
      (current) =>
        current.metadata.deletionTimestamp
          ? {
              ...current,
              spec: {
                ...current.spec,
                finalizers: current.spec.finalizers?.filter((finalizer) => finalizer !== FINALIZER) ?? [],
              },
            }
          : current,
      { subresource: 'finalize' },
    );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
