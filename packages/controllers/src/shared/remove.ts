import { type ApiObject, hasReason, keyOf, type Kind } from '@navarch/machinery';
import type { Context } from '../controller.ts';

/** Deletes this very object, not a later one of its name. One that is gone already is as wanted. */
export async function remove<O extends ApiObject>(
  kind: Kind<O>,
  object: O,
  { api }: Pick<Context, 'api'>,
): Promise<void> {
  try {
    await api.of(kind).delete(keyOf(object), { preconditions: { uid: object.metadata.uid } });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
