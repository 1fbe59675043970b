import type { Pod } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { type ApiObject, controllerOf, keyIn, type Kind, type OwnerReference } from '@navarch/machinery';
import { groupOf } from '../controller.ts';

export interface OwnerScale {
  /** What all owners want in sum. */
  readonly replicas: number;
  readonly unmanaged: readonly Pod[];
}

/** Sums what the pods' owners want. Throws RangeError for a pod whose owner says no number. */
export function ownerScale(pods: readonly Pod[], kinds: readonly Kind<any>[], cache: CacheReader): OwnerScale {
  const scales = new Map<string, number>();
  const unmanaged: Pod[] = [];
  for (const p of pods) {
    const reference = controllerOf(p);
    if (!reference) unmanaged.push(p);
    else if (!scales.has(reference.uid)) scales.set(...scaleOf(p, reference, kinds, cache));
  }
  return { replicas: [...new Map(scales).values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
}

/** By uid, so that an owner is counted once for all its pods; a deployment's for that of its replica sets. */
function scaleOf(p: Pod, reference: OwnerReference, kinds: readonly Kind<any>[], cache: CacheReader): [string, number] {
  const kind = kinds.find(
    (one) => one.kind === reference.kind && one.group === groupOf(reference.apiVersion) && !one.isAlternate,
  );
  if (kind && !kind.scale)
    throw new RangeError(
      `${kind.plural}${kind.group ? `.${kind.group}` : ''} does not implement the scale subresource`,
    );
  const owner = kind && cache.get<ApiObject>(kind, keyIn(p.metadata.namespace, reference.name));
  if (!kind?.scale || owner?.metadata.uid !== reference.uid)
    throw new RangeError(`found no controllers for pod ${JSON.stringify(p.metadata.name)}`);
  const above = controllerOf(owner);
  if (above?.kind === 'Deployment' && groupOf(above.apiVersion) === 'apps') return scaleOf(p, above, kinds, cache);
  const replicas = kind.scale.specReplicas
    .split('.')
    .filter((step) => step !== '')
    .reduce<unknown>((value, step) => (value as Readonly<Record<string, unknown>> | undefined)?.[step], owner);
  return [owner.metadata.uid, typeof replicas === 'number' ? replicas : 0];
}
