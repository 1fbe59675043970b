import { type ApiObject, jsonPatch, keyIn, keyOf } from '@navarch/machinery';
import type { Change, Fix, ObjectName } from '../explain/explanation.ts';

/** Objects by kind and key, as a program keeps them that knows nothing of the scheduler. */
export type Objects = Map<string, ApiObject>;

const idOf = ({ kind, namespace = '', name }: ObjectName): string => `${kind} ${keyIn(namespace, name)}`;
const idOfObject = (object: ApiObject): string =>
  `${(object as ApiObject & { readonly kind: string }).kind} ${keyOf(object)}`;

export const objectsById = (objects: readonly ApiObject[]): Objects =>
  new Map(objects.map((object) => [idOfObject(object), object]));

/** Does what a fix says, by its letter. */
export function applyFix({ changes }: Pick<Fix, 'changes'>, objects: Objects): Objects {
  const then: Objects = new Map(objects);
  for (const change of changes) applyChange(change, then);
  return then;
}

function applyChange(change: Change, objects: Objects): void {
  if (change.type === 'create') {
    objects.set(idOfObject(change.object as ApiObject), change.object as ApiObject);
    return;
  }
  const id = idOf(change.object);
  const held = objects.get(id);
  if (!held) throw new Error(`There is no ${id}`);
  if (change.type === 'delete') objects.delete(id);
  else {
    const then = jsonPatch(held as never, change.patch as never) as unknown as ApiObject;
    objects.set(id, change.type === 'recreate' ? anew(then) : then);
  }
}

/** Another object of that name: nothing that was said of the one before is said of it. */
const anew = (object: ApiObject): ApiObject =>
  ({
    ...object,
    metadata: { ...object.metadata, uid: `${object.metadata.uid} anew` },
    ...('status' in object ? { status: {} } : {}),
  }) as ApiObject;
