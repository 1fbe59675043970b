import { type Pod, pod, type PodTemplateSpec } from '@navarch/api';
import {
  type ApiObject,
  controllerReference,
  type Draft,
  hasReason,
  keyOf,
  type Kind,
  StatusError,
} from '@navarch/machinery';
import type { Context } from '../controller.ts';

export interface PodOrder {
  readonly template: PodTemplateSpec;
  readonly owner: ApiObject;
  readonly ownerKind: Kind<any>;
  /** Changes to the draft that the template does not say: a name, a node. */
  complete?(draft: Draft<Pod>): Draft<Pod>;
}

/** Creates a pod from a template and says so with an event on the owner. */
export async function createPod(
  { template, owner, ownerKind, complete = (draft) => draft }: PodOrder,
  { api, events }: Context,
): Promise<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const draft: Draft<Pod> = {
    metadata: {
      generateName: generateNameOf(owner.metadata.name),
      namespace: owner.metadata.namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(ownerKind, owner)],
    },
    spec: template.spec,
  };
  try {
    const created = await api.of(pod).create(complete(draft));
    events.record(owner, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${created.metadata.name}`,
    });
    return created;
  } catch (error) {
    if (!isNamespaceTerminating(error)) {
      events.record(owner, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${messageOf(error)}` });
    }
    throw error;
  }
}

/**
 * Deletes a pod and says so with an event on the owner. A pod that is gone already is what was wanted; a conflict may be
 * of many writes at once, and is for the next look: no change of the pod need wake the owner again.
 */
export async function deletePod(target: Pod, owner: ApiObject, { api, events }: Context): Promise<void> {
  try {
    await api.of(pod).delete(keyOf(target), { preconditions: { uid: target.metadata.uid } });
    events.record(owner, {
      type: 'Normal',
      reason: 'SuccessfulDelete',
      message: `Deleted pod: ${target.metadata.name}`,
    });
  } catch (error) {
    if (hasReason(error, 'NotFound')) return;
    events.record(owner, { type: 'Warning', reason: 'FailedDelete', message: `Error deleting: ${messageOf(error)}` });
    throw error;
  }
}

/** Long names give up the dash rather than the whole prefix (upstream validates the prefix as a name). */
const generateNameOf = (name: string): string => (name.length > 252 ? name : `${name}-`);

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.status.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating');
