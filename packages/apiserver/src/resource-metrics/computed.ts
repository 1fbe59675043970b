import { type ApiObject, apiVersionOf, type Column, type Kind, notFound } from '@navarch/machinery';
import { selectionOf } from '../registry/selection.ts';

/** A resource whose objects are made when somebody asks for them: it can be read and nothing else. */
export interface ComputedResource {
  readonly kind: Kind<any>;
  /** Looks at what is told, before it is read; absent: that is always known. */
  refresh?(): Promise<void>;
  /** All objects; those of one namespace where it is not empty. */
  list(namespace: string): readonly ApiObject[];
  /** Of tables, where they hang on what is shown; absent: those of the kind. */
  columns?(objects: readonly ApiObject[]): readonly Column<ApiObject>[];
}

export interface Wanted {
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Those that are wanted, by namespace and name. Throws BadRequest for a selector that is none. */
export function computedItems(
  { kind, list }: ComputedResource,
  { namespace, labelSelector = '', fieldSelector = '' }: Wanted,
): readonly ApiObject[] {
  const selection = selectionOf(kind, labelSelector, fieldSelector);
  const keyed = list(namespace)
    .filter((object) => selection.matches(object))
    .map((object) => ({ object, key: `${object.metadata.namespace ?? ''}/${object.metadata.name}` }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ object }) => object);
}

export const computedList = (resource: ComputedResource, wanted: Wanted): unknown => ({
  kind: resource.kind.listKind,
  apiVersion: apiVersionOf(resource.kind),
  metadata: {},
  items: computedItems(resource, wanted),
});

/** Throws NotFound. */
export function computedObject(resource: ComputedResource, namespace: string, name: string): ApiObject {
  const found = resource.list(namespace).find(({ metadata }) => metadata.name === name);
  if (!found) throw notFound(resource.kind, name);
  return found;
}
