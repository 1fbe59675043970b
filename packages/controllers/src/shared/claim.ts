import { type ApiObject, controllerOf, controllerReference, keyOf, type Kind, type Selector } from '@navarch/machinery';
import type { Context } from '../controller.ts';

/**
 * Which of the candidates belong to the owner: takes orphans that its selector finds, lets go of its own that the
 * selector no longer finds (upstream's adoption rules).
 */
export async function claim<O extends ApiObject>(
  owner: ApiObject, ownerKind: Kind<any>, candidates: Iterable<O>, kind: Kind<O>, selector: Selector, { api }: Context,
): Promise<readonly O[]> {
  const mine: O[] = [];
  for (const object of candidates) {
    const reference = controllerOf(object);
    const isFound = selector.matches(object.metadata.labels);
    if (reference?.uid === owner.metadata.uid) {
      if (isFound) mine.push(object);
      else if (!owner.metadata.deletionTimestamp) await api.of(kind).update(keyOf(object), (current) => released(current, owner));
    } else if (!reference && isFound && !owner.metadata.deletionTimestamp && !object.metadata.deletionTimestamp) {
      mine.push(await api.of(kind).update(keyOf(object), (current) => adopted(current, owner, ownerKind)));
    }
  }
  return mine;
}

function adopted<O extends ApiObject>(current: O, owner: ApiObject, ownerKind: Kind<any>): O {
  if (controllerOf(current)) return current;
  return { ...current, metadata: { ...current.metadata, ownerReferences: [...(current.metadata.ownerReferences ?? []), controllerReference(ownerKind, owner)] } };
}

function released<O extends ApiObject>(current: O, owner: ApiObject): O {
  const ownerReferences = current.metadata.ownerReferences?.filter((reference) => reference.uid !== owner.metadata.uid) ?? [];
  return { ...current, metadata: { ...current.metadata, ownerReferences } };
}
