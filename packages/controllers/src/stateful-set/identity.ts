import { pod, type Pod, type PodTemplateSpec, statefulSet } from '@navarch/api';
import { controllerReference, type Draft, hasReason, keyOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { messageOf } from '../shared/pods.ts';
import { createClaims } from './claims.ts';
import { claimName, podName, type StatefulSet } from './names.ts';
import { REVISION_HASH, type Revision } from '../shared/revisions.ts';

const POD_NAME = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX = 'apps.kubernetes.io/pod-index';

/** The template that a revision records. */
function templateOf(revision: Revision, set: StatefulSet): PodTemplateSpec {
  const data = revision.data as {
    readonly spec?: { readonly template?: PodTemplateSpec & { readonly $patch: string } };
  } | null;
  if (!data?.spec?.template) return set.spec.template;
  const { $patch: _, ...template } = data.spec.template;
  return template;
}

/** Makes the claims of an ordinal, then its pod: what it is called, and what it has, outlives any one pod. */
export async function createMember(
  set: StatefulSet,
  ordinal: number,
  revision: Revision,
  context: Context,
): Promise<void> {
  const name = podName(set, ordinal);
  try {
    await createClaims(set, ordinal, context);
    await context.api.of(pod).create(memberOf(set, ordinal, revision));
    context.events.record(set, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
    });
  } catch (error) {
    const message = `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`;
    context.events.record(set, { type: 'Warning', reason: 'FailedCreate', message });
    throw error;
  }
}

function memberOf(set: StatefulSet, ordinal: number, revision: Revision): Draft<Pod> {
  const template = templateOf(revision, set);
  const name = podName(set, ordinal);
  const claimed = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
  const volumes = [
    ...claimed.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) } })),
    ...(template.spec.volumes ?? []).filter((volume) => !claimed.includes(volume.name)),
  ];
  return {
    metadata: {
      ...template.metadata,
      name,
      namespace: set.metadata.namespace,
      ownerReferences: [controllerReference(statefulSet, set)],
      labels: {
        ...template.metadata?.labels,
        [REVISION_HASH]: revision.metadata.name,
        [POD_NAME]: name,
        [POD_INDEX]: String(ordinal),
      },
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}

/** Puts back the labels by which others know the member, where somebody took them off. */
export async function restoreIdentity(set: StatefulSet, ordinal: number, p: Pod, context: Context): Promise<void> {
  const name = podName(set, ordinal);
  if (p.metadata.labels?.[POD_NAME] === name) return;
  const what = `update Pod ${name} in StatefulSet ${set.metadata.name}`;
  const labels = { [POD_NAME]: name, [POD_INDEX]: String(ordinal) };
  try {
    await context.api.of(pod).patch(keyOf(p), { type: 'merge', body: { metadata: { uid: p.metadata.uid, labels } } });
    context.events.record(set, { type: 'Normal', reason: 'SuccessfulUpdate', message: `${what} successful` });
  } catch (error) {
    if (hasReason(error, 'NotFound')) return;
    const message = `${what} failed error: ${messageOf(error)}`;
    context.events.record(set, { type: 'Warning', reason: 'FailedUpdate', message });
    throw error;
  }
}

export async function deleteMember(set: StatefulSet, p: Pod, { api, events }: Context): Promise<void> {
  const what = `delete Pod ${p.metadata.name} in StatefulSet ${set.metadata.name}`;
  try {
    await api.of(pod).delete(`${p.metadata.namespace}/${p.metadata.name}`, { preconditions: { uid: p.metadata.uid } });
    events.record(set, { type: 'Normal', reason: 'SuccessfulDelete', message: `${what} successful` });
  } catch (error) {
    if (hasReason(error, 'NotFound')) return;
    events.record(set, {
      type: 'Warning',
      reason: 'FailedDelete',
      message: `${what} failed error: ${messageOf(error)}`,
    });
    throw error;
  }
}

export const isOfRevision = (p: Pod, revision: { readonly metadata: { readonly name: string } }): boolean =>
  p.metadata.labels?.[REVISION_HASH] === revision.metadata.name;
