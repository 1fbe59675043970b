import { event, type Pod, pod as podKind, priorityClass, resourceQuota, serviceAccount } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import {
  addQuantities,
  type ApiObject,
  apiVersionOf,
  formatQuantity,
  keyIn,
  keyOf,
  parseQuantity,
  type Quantity,
} from '@navarch/machinery';
import type { Extender } from '../extenders/extender.ts';
import type { Profile } from '../plugin.ts';
import { explaining } from './explain.ts';
import type { Change, Explanation, Fix } from './explanation.ts';
import { makersOf, podsOf, type Templated, wantedPods, type Workload } from './owners.ts';
import { patchBetween } from './patch-between.ts';
import type { Steps } from './steps.ts';
import { commandFor, nameOf } from './told.ts';
import { WhatIf } from './what-if.ts';

/**
 * Why the pods of a workload are not where they should be: of one that waits for a node, as of that pod; where there are
 * too few, what the server said to who makes them.
 */
export function* explainWorkload(
  object: Templated,
  workload: Workload,
  objects: CacheReader,
  profiles: readonly Profile[],
  extenders: readonly Extender[] = [],
): Steps<Explanation> {
  const makers = makersOf(object, workload, objects);
  const pods = podsOf(makers, objects);
  const what = `${workload.kind.kind} ${keyOf(object)}`;
  const waiting = pods.filter(({ spec, metadata }) => !spec.nodeName && !metadata.deletionTimestamp);
  const [first] = waiting;
  const whatIf = yield* WhatIf.filling(objects);
  const { name, namespace = '' } = object.metadata;
  if (first) {
    const told = yield* explaining(first, whatIf, profiles, extenders);
    const headline = `${waiting.length} of ${wantedPods(object)} pods of ${what} ${waiting.length === 1 ? 'waits' : 'wait'} for a node. ${told.headline}${preempted(makers, objects)}`;
    return { ...told, metadata: { name, namespace }, headline };
  }
  const told = yield* explaining(podLike(object, objects), whatIf, profiles, extenders);
  const head = { ...told, metadata: { name, namespace } };
  const missing = wantedPods(object) - pods.length;
  if (missing <= 0) return { ...head, ...ofWhole(object, what, pods.length), fixes: [] };
  const message = refusalOf(makers, objects);
  if (message === undefined)
    return {
      ...head,
      state: 'Refused',
      headline: `${missing} of ${wantedPods(object)} pods of ${what} are yet to be made, and nobody said why.`,
      fixes: [],
    };
  const then = told.state === 'Unfit' ? ` Even if it were made: ${told.headline}` : '';
  return {
    ...head,
    state: 'Refused',
    message,
    headline: `${missing} of ${wantedPods(object)} pods of ${what} cannot be made: ${message}.${then}`,
    // What keeps it from nodes does not matter before there is a pod.
    fixes: told.state === 'Unfit' ? [] : fixesOf(message, { missing, namespace, objects }, told.nodes[0]?.name ?? ''),
  };
}

/** A workload with all the pods that it wants. */
function ofWhole({ spec }: Templated, what: string, count: number): Pick<Explanation, 'state' | 'headline'> {
  if (spec.suspend)
    return { state: 'Finished', headline: `${what} is suspended: it has no pods until spec.suspend is false.` };
  if (count === 0) return { state: 'Finished', headline: `${what} wants no pods now.` };
  return {
    state: 'Scheduled',
    headline: `${count === 1 ? 'The pod' : `All ${count} pods`} of ${what} ${count === 1 ? 'has a node' : 'have nodes'}.`,
  };
}

/** The next pod that would be made, as far as the scheduler is concerned: with the priority that it would be given. */
const podLike = ({ metadata, spec: { template } }: Templated, objects: CacheReader): Pod =>
  ({
    metadata: { ...template.metadata, name: metadata.name, namespace: metadata.namespace, uid: '' },
    spec: { ...template.spec, priority: priorityFor(template.spec, objects) },
    status: { phase: 'Pending' },
  }) as Pod;

const priorityFor = ({ priorityClassName }: Pod['spec'], objects: CacheReader): number =>
  (priorityClassName === undefined
    ? objects.list(priorityClass).find(({ globalDefault }) => globalDefault)
    : objects.get(priorityClass, priorityClassName)
  )?.value ?? 0;

/** That others took the place of one of its pods. */
function preempted(makers: readonly ApiObject[], objects: CacheReader): string {
  const names = makers.map(({ metadata }) => `${metadata.name}-`);
  const [first] = objects
    .list(event, makers[0]?.metadata.namespace)
    .filter(
      ({ reason, involvedObject: { name = '' } }) =>
        reason === 'Preempted' && names.some((start) => name.startsWith(start)),
    );
  return first ? ` Before, pod ${first.involvedObject.name} gave way: ${withName(first.message ?? '', objects)}.` : '';
}

/** Upstream's message names the other pod by its uid, which nobody knows. */
const withName = (message: string, objects: CacheReader): string =>
  message.replace(/(?<=^Preempted by pod )\S+/, (uid) => {
    const by = objects.list(podKind).find(({ metadata }) => metadata.uid === uid);
    return by ? keyOf(by) : uid;
  });

/** What the server said last to who makes the pods. */
function refusalOf(makers: readonly ApiObject[], objects: CacheReader): string | undefined {
  const uids = new Set(makers.map(({ metadata }) => metadata.uid));
  const timeOf = (of: { readonly lastTimestamp?: string; readonly eventTime?: string }): string =>
    of.lastTimestamp ?? of.eventTime ?? '';
  const [last] = objects
    .list(event, makers[0]?.metadata.namespace)
    .filter(({ reason, involvedObject }) => reason === 'FailedCreate' && uids.has(involvedObject.uid ?? ''))
    .sort((a, b) => (timeOf(a) > timeOf(b) ? -1 : 1));
  return last?.message?.replace(/^(\(combined from similar events\): )?Error creating: /, '');
}

interface Scope {
  readonly missing: number;
  readonly namespace: string;
  readonly objects: CacheReader;
}

function fixesOf(message: string, scope: Scope, node: string): readonly Fix[] {
  const found = moreQuota(message, scope) ?? accountFor(message);
  return found ? [{ ...found, node, commands: found.changes.map(commandFor) }] : [];
}

type Part = Omit<Fix, 'node' | 'commands'>;

/** Enough of the quota for all pods that are missing: upstream's message says what is used and what each asks for. */
function moreQuota(message: string, { missing, namespace, objects }: Scope): Part | undefined {
  const [, name = '', asked = '', used = ''] =
    /exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: /.exec(message) ?? [];
  const quota = objects.get(resourceQuota, keyIn(namespace, name));
  if (!quota) return undefined;
  const [each, now] = [amountsIn(asked), amountsIn(used)];
  const more = [...each].map(([resource, amount]): readonly [string, string] => {
    let sum = now.get(resource) ?? amount;
    for (let i = 0; i < missing; i++) sum = addQuantities(sum, amount);
    return [resource, formatQuantity(sum)];
  });
  const raised = { ...quota, spec: { ...quota.spec, hard: { ...quota.spec?.hard, ...Object.fromEntries(more) } } };
  const object = nameOf(apiVersionOf(resourceQuota), resourceQuota.kind, quota);
  return {
    summary: `raise quota ${name} to ${more.map(([resource, amount]) => `${resource}=${amount}`).join(', ')}`,
    size: 2,
    changes: [{ type: 'patch', object, patch: patchBetween(quota, raised) }],
  };
}

const amountsIn = (text: string): ReadonlyMap<string, Quantity> =>
  new Map(
    text.split(',').flatMap((each) => {
      const [resource = '', amount = ''] = each.trim().split('=');
      const quantity = parseQuantity(amount);
      return quantity ? [[resource, quantity] as const] : [];
    }),
  );

function accountFor(message: string): Part | undefined {
  const [, namespace, name] =
    /error looking up service account ([^/]+)\/([^:]+): serviceaccount .* not found/.exec(message) ?? [];
  if (namespace === undefined || name === undefined) return undefined;
  const object = { apiVersion: 'v1', kind: serviceAccount.kind, metadata: { name, namespace } };
  const changes: readonly Change[] = [{ type: 'create', object }];
  return { summary: `create the service account ${name} that its pods are to have`, size: 1, changes };
}
