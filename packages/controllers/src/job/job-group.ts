import { job, type Pod, podGroup, workload } from '@navarch/api';
import { byController } from '@navarch/client';
import { controllerReference, type Draft, hasReason, keyIn, keyOf, type ObjectOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { safeHash } from '../shared/hash.ts';
import { messageOf } from '../shared/pods.ts';
import { isSuspended, type Job } from './job-pods.ts';

type Workload = ObjectOf<typeof workload>;
type PodGroup = ObjectOf<typeof podGroup>;

const TEMPLATE_NAME = 'scheduling.k8s.io/group-template-name';
const NAME_MAX = 253;
/** Names of templates are labels. */
const LABEL_MAX = 63;

/**
 * The job as its pods are made from it: of the group that they are scheduled in (KEP-5547). The workload and the group are
 * made before the first pod, and never for a job that has begun without; a job that is part of something larger has a
 * group only where its parent left that to it.
 */
export async function inGroup(owner: Job, pods: readonly Pod[], context: Context): Promise<Job> {
  if (owner.spec.template.spec.schedulingGroup || owner.metadata.deletionTimestamp || isSuspended(owner)) return owner;
  const group = await groupOf(owner, isNew(owner, pods), context);
  if (!group) return owner;
  const spec = { ...owner.spec.template.spec, schedulingGroup: { podGroupName: group.metadata.name } };
  return { ...owner, spec: { ...owner.spec, template: { ...owner.spec.template, spec } } };
}

/** It has never had a pod, as far as anybody remembers. */
const isNew = ({ status }: Job, pods: readonly Pod[]): boolean =>
  pods.length === 0 &&
  status.startTime === undefined &&
  !status.succeeded &&
  !status.failed &&
  !status.conditions?.some(({ type }) => type === 'Suspended');

async function groupOf(owner: Job, mayMake: boolean, context: Context): Promise<PodGroup | undefined> {
  const parent = owner.metadata.ownerReferences?.find(({ controller }) => controller);
  const templateName = owner.metadata.annotations?.[TEMPLATE_NAME];
  if (parent && templateName === undefined) return undefined;
  const namespace = owner.metadata.namespace ?? '';
  if (parent) {
    const theirs = context.cache
      .list(workload, namespace)
      .find(({ spec: { controllerRef: ref } }) => ref?.kind === parent.kind && ref.name === parent.name);
    return theirs && ownGroup(owner, theirs, templateName, mayMake, context);
  }
  const own = await ownWorkload(owner, mayMake, context);
  const group = own && (await ownGroup(owner, own, undefined, mayMake, context));
  if (own && group) await resize(owner, own, group, context);
  return group;
}

async function ownWorkload(owner: Job, mayMake: boolean, context: Context): Promise<Workload | undefined> {
  const { namespace = '', name, uid } = owner.metadata;
  const known = context.cache.find(workload, byController, uid);
  if (known.length > 0 || !mayMake) return known.length === 1 ? known[0] : undefined;
  const hash = safeHash(uid);
  const draft = {
    metadata: {
      name: `${name.slice(0, NAME_MAX - hash.length - 1)}-${hash}`,
      namespace,
      ownerReferences: [controllerReference(job, owner)],
    },
    spec: { controllerRef: { apiGroup: 'batch', kind: 'Job', name }, podGroupTemplates: [templateFor(owner)] },
  } as Draft<Workload>;
  try {
    const made = await context.api.of(workload).create(draft);
    say(owner, 'WorkloadCreated', `Created Workload ${made.metadata.name} for Job ${name}`, context);
    return made;
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) throw error;
    const message = `Failed to create Workload for Job ${name}: ${messageOf(error)}`;
    context.events.record(owner, { type: 'Warning', reason: 'FailedWorkloadCreate', message });
    throw error;
  }
}

/** Without a word of the job its pods go one by one. */
function templateFor({ metadata, spec }: Job): object {
  const { schedulingPolicy, schedulingConstraints, disruptionMode, resourceClaims } = spec.scheduling ?? {};
  const { priorityClassName } = spec.template.spec;
  return {
    name: `${metadata.name.slice(0, LABEL_MAX - '-pgt-0'.length)}-pgt-0`,
    schedulingPolicy: schedulingPolicy?.gang ? { gang: { minCount: minCountOf(spec) } } : { basic: {} },
    ...(schedulingConstraints ? { schedulingConstraints } : {}),
    ...(disruptionMode ? { disruptionMode } : {}),
    ...(resourceClaims?.length ? { resourceClaims } : {}),
    // A group whose pods are of another priority is placed by nobody.
    ...(priorityClassName ? { priorityClassName } : {}),
  };
}

const minCountOf = ({ scheduling, parallelism = 1 }: Job['spec']): number =>
  scheduling?.schedulingPolicy?.gang?.minCount ?? parallelism;

async function ownGroup(
  owner: Job,
  { metadata, spec }: Workload,
  templateName: string | undefined,
  mayMake: boolean,
  context: Context,
): Promise<PodGroup | undefined> {
  const { namespace = '' } = owner.metadata;
  const template = (spec.podGroupTemplates ?? []).find(
    ({ name }) => templateName === undefined || name === templateName,
  );
  const known = context.cache
    .find(podGroup, byController, owner.metadata.uid)
    .filter((each) => each.spec.workloadRef?.workloadName === metadata.name);
  if (known.length > 0 || !mayMake || !template) return known.length === 1 ? known[0] : undefined;
  const { name: _, ...rest } = template;
  const link = { apiVersion: 'scheduling.k8s.io/v1beta1', kind: 'Workload', name: metadata.name, uid: metadata.uid };
  const draft = {
    metadata: {
      name: groupName(owner, metadata.name, template.name),
      namespace,
      // What a parent has is the parent's alone.
      ownerReferences: [controllerReference(job, owner), ...(templateName === undefined ? [link] : [])],
    },
    spec: { ...rest, workloadRef: { workloadName: metadata.name, templateName: template.name } },
  } as Draft<PodGroup>;
  const made = await context.api.of(podGroup).create(draft);
  say(owner, 'PodGroupCreated', `Created PodGroup ${made.metadata.name} for Job ${owner.metadata.name}`, context);
  return made;
}

/** Jobs of one parent have groups by the same template: each its own. */
function groupName(owner: Job, workloadName: string, templateName: string): string {
  const isOwn = !owner.metadata.ownerReferences?.some(({ controller }) => controller);
  const hash = safeHash(isOwn ? workloadName + templateName : workloadName + templateName + owner.metadata.uid);
  const name = `${workloadName}-${templateName}`;
  return `${name.slice(0, NAME_MAX - hash.length - 1)}-${hash}`;
}

/** A job whose size changes wants as many pods placed together as it has then. */
async function resize({ spec }: Job, own: Workload, group: PodGroup, { api }: Context): Promise<void> {
  if (!spec.scheduling?.schedulingPolicy?.gang) return;
  const minCount = minCountOf(spec);
  const [template] = own.spec.podGroupTemplates ?? [];
  const resized = <P extends { readonly gang?: { readonly minCount: number } }>(policy: P): P =>
    policy.gang ? { ...policy, gang: { minCount } } : policy;
  if (template?.schedulingPolicy.gang && template.schedulingPolicy.gang.minCount !== minCount)
    await api.of(workload).update(keyOf(own), (live) => ({
      ...live,
      spec: {
        ...live.spec,
        podGroupTemplates: (live.spec.podGroupTemplates ?? []).map((each) => ({
          ...each,
          schedulingPolicy: resized(each.schedulingPolicy),
        })),
      },
    }));
  if (group.spec.schedulingPolicy.gang && group.spec.schedulingPolicy.gang.minCount !== minCount)
    await api.of(podGroup).update(keyIn(group.metadata.namespace, group.metadata.name), (live) => ({
      ...live,
      spec: { ...live.spec, schedulingPolicy: resized(live.spec.schedulingPolicy) },
    }));
}

const say = (owner: Job, reason: string, message: string, { events }: Context): void =>
  events.record(owner, { type: 'Normal', reason, message });
