import { byController, defineIndex } from '@navarch/client';
import {
  type ApiObject,
  controllerOf,
  controllerReference,
  hasReason,
  keyOf,
  type Kind,
  type Selector,
} from '@navarch/machinery';
import type { Context } from '../controller.ts';

/** Objects that nobody manages, by namespace: those that a selector may still win. */
const orphansByNamespace = defineIndex((object) => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']));

export interface Claim<O extends ApiObject, Owner extends ApiObject> {
  readonly kind: Kind<O>;
  readonly owner: Owner;
  readonly ownerKind: Kind<Owner>;
  readonly selector: Selector;
  /** Objects that it leaves alone are neither adopted nor released. */
  considers?(object: O): boolean;
  /** Put on what is adopted, taken off what is released. */
  readonly finalizer?: string;
}

/** The objects an owner manages, after adopting matching orphans and letting go of those that no longer match. */
export async function claim<O extends ApiObject, Owner extends ApiObject>(
  { kind, owner, ownerKind, selector, considers = () => true, finalizer }: Claim<O, Owner>,
  context: Context,
): Promise<readonly O[]> {
  const claimed: O[] = [];
  const mayAdopt = once(() => isStillThere(owner, ownerKind, context));
  const isGoing = owner.metadata.deletionTimestamp !== undefined;
  for (const object of context.cache.find(kind, byController, owner.metadata.uid)) {
    if (!considers(object)) continue;
    if (selector.matches(object.metadata.labels)) claimed.push(object);
    else if (!isGoing) await release(object);
  }
  for (const object of context.cache.find(kind, orphansByNamespace, owner.metadata.namespace ?? '')) {
    if (isGoing || object.metadata.deletionTimestamp || !considers(object)) continue;
    if (!selector.matches(object.metadata.labels) || !(await mayAdopt())) continue;
    const adopted = await adopt(object);
    if (adopted && controllerOf(adopted)?.uid === owner.metadata.uid) claimed.push(adopted);
  }
  return claimed;

  async function adopt(object: O): Promise<O | undefined> {
    return change(object, 'adopt', (current) => {
      // Meanwhile it may be another's, another object, or no longer ours to want.
      const isFree =
        current.metadata.uid === object.metadata.uid &&
        !controllerOf(current) &&
        selector.matches(current.metadata.labels);
      return isFree ? [...(current.metadata.ownerReferences ?? []), controllerReference(ownerKind, owner)] : undefined;
    });
  }

  async function release(object: O): Promise<void> {
    await change(object, 'release', (current) =>
      current.metadata.ownerReferences?.filter((reference) => reference.uid !== owner.metadata.uid),
    );
  }

  function finalizers({ metadata }: O, action: 'adopt' | 'release'): { readonly finalizers?: readonly string[] } {
    if (finalizer === undefined) return {};
    const others = (metadata.finalizers ?? []).filter((other) => other !== finalizer);
    return { finalizers: action === 'adopt' ? [...others, finalizer] : others };
  }

  async function change(
    object: O,
    action: 'adopt' | 'release',
    owners: (current: O) => ApiObject['metadata']['ownerReferences'],
  ): Promise<O | undefined> {
    try {
      return await context.api.of(kind).update(keyOf(object), (current) => {
        const ownerReferences = owners(current);
        return ownerReferences
          ? { ...current, metadata: { ...current.metadata, ownerReferences, ...finalizers(current, action) } }
          : current;
      });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined; // Gone meanwhile: nothing left to claim.
      throw error;
    }
  }
}

/** The cache may show an owner that is gone; adopting for it would make the garbage collector delete the orphan. */
async function isStillThere<Owner extends ApiObject>(
  owner: Owner,
  kind: Kind<Owner>,
  { api }: Context,
): Promise<boolean> {
  try {
    const live = await api.of(kind).get(keyOf(owner));
    return live.metadata.uid === owner.metadata.uid && !live.metadata.deletionTimestamp;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}
