import { persistentVolumeClaim, pod, type Pod, statefulSet } from '@navarch/api';
import {
  controllerOf,
  controllerReference,
  hasReason,
  keyIn,
  keyOf,
  type ObjectOf,
  type OwnerReference,
} from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { messageOf } from '../shared/pods.ts';
import { claimName, podName, type StatefulSet } from './names.ts';

type Claim = ObjectOf<typeof persistentVolumeClaim>;

/**
 * Makes the claims of an ordinal that are not there; all are tried. Throws while one of them is on its way out: its pod
 * would lose it.
 */
export async function createClaims(set: StatefulSet, ordinal: number, context: Context): Promise<void> {
  const failures: string[] = [];
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const name = claimName(set, template.metadata.name, ordinal);
    const held = context.cache.get(persistentVolumeClaim, keyIn(set.metadata.namespace, name));
    if (held?.metadata.deletionTimestamp) failures.push(`pvc ${name} is being deleted`);
    if (held) continue;
    try {
      await createClaim(set, ordinal, template, context);
    } catch (error) {
      failures.push(`failed to create PVC ${name}: ${messageOf(error)}`);
    }
  }
  if (failures.length > 0) throw new Error(failures.length === 1 ? failures[0] : `[${failures.join(', ')}]`);
}

type Template = NonNullable<StatefulSet['spec']['volumeClaimTemplates']>[number];

async function createClaim(
  set: StatefulSet,
  ordinal: number,
  template: Template,
  { api, events }: Context,
): Promise<void> {
  const name = claimName(set, template.metadata.name, ordinal);
  const labels = { ...template.metadata.labels, ...set.spec.selector.matchLabels };
  const { annotations } = template.metadata;
  const owners = ownersOf(set, undefined);
  try {
    await api.of(persistentVolumeClaim).create({
      metadata: {
        name,
        namespace: set.metadata.namespace,
        labels,
        ...(annotations ? { annotations } : {}),
        ...(owners.length > 0 ? { ownerReferences: owners } : {}),
      },
      spec: template.spec,
    });
    const message = `create Claim ${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name} success`;
    events.record(set, { type: 'Normal', reason: 'SuccessfulCreate', message });
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) return;
    const message = `create Claim ${name} for Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`;
    events.record(set, { type: 'Warning', reason: 'FailedCreate', message });
    throw error;
  }
}

/** Whether a claim of the ordinal goes with a pod that is gone: the next pod is to have a new one. */
export const hasStaleClaim = (set: StatefulSet, ordinal: number, { cache }: Context): boolean =>
  set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete' &&
  (set.spec.volumeClaimTemplates ?? []).some((template) => {
    const name = claimName(set, template.metadata.name, ordinal);
    const held = cache.get(persistentVolumeClaim, keyIn(set.metadata.namespace, name));
    return held?.metadata.ownerReferences?.some(
      (owner) => owner.kind === 'Pod' && owner.name === podName(set, ordinal),
    );
  });

/**
 * Lets the claims of an ordinal go with whom the set's retention policy says (KEP-1847): with the set, with a pod that
 * is one too many, or with nobody. A claim that somebody else manages is left alone.
 *
 * @param surplus the pod of the ordinal, where the set has become too small for it
 */
export async function settleClaims(
  set: StatefulSet,
  ordinal: number,
  surplus: Pod | undefined,
  { api, cache }: Context,
): Promise<void> {
  const wanted = ownersOf(set, surplus);
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const held = cache.get(
      persistentVolumeClaim,
      keyIn(set.metadata.namespace, claimName(set, template.metadata.name, ordinal)),
    );
    if (!held || held.metadata.deletionTimestamp || !isOurs(held, set, ordinal)) continue;
    const owners = (held.metadata.ownerReferences ?? []).filter((owner) => !isOf(owner, set, ordinal));
    const [before, after] = [held.metadata.ownerReferences ?? [], [...owners, ...wanted]].map((list) =>
      list
        .map(({ uid }) => uid)
        .sort()
        .join(),
    );
    if (before === after) continue;
    await api
      .of(persistentVolumeClaim)
      .update(keyOf(held), (current) =>
        current.metadata.uid === held.metadata.uid
          ? { ...current, metadata: { ...current.metadata, ownerReferences: [...owners, ...wanted] } }
          : current,
      );
  }
}

function ownersOf(set: StatefulSet, surplus: Pod | undefined): readonly OwnerReference[] {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  if (surplus && whenScaled === 'Delete') return [controllerReference(pod, surplus)];
  return whenDeleted === 'Delete' ? [controllerReference(statefulSet, set)] : [];
}

const isOf = ({ uid, kind, name }: OwnerReference, set: StatefulSet, ordinal: number): boolean =>
  uid === set.metadata.uid || (kind === 'Pod' && name === podName(set, ordinal));

function isOurs(claim: Claim, set: StatefulSet, ordinal: number): boolean {
  const manager = controllerOf(claim);
  return !manager || isOf(manager, set, ordinal);
}
