import { type ApiObject, controllerOf } from '@navarch/machinery';

/**
 * A way to find objects without a scan. Made once, at module level: the value itself is the name under which the cache
 * keeps the index, from its first use on.
 */
export interface CacheIndex<O extends ApiObject = ApiObject> {
  /** The values under which `object` is found. */
  readonly valuesOf: (object: O) => readonly string[];
}

export const defineIndex = <O extends ApiObject = ApiObject>(
  valuesOf: (object: O) => readonly string[],
): CacheIndex<O> => Object.freeze({ valuesOf });

const NONE: readonly string[] = [];

export const byNamespace: CacheIndex = defineIndex(({ metadata }) => [metadata.namespace ?? '']);

/** By the uid of the managing controller; the empty value finds what has none. */
export const byController: CacheIndex = defineIndex((object) => [controllerOf(object)?.uid ?? '']);

/** By the uid of every owner. */
export const byOwner: CacheIndex = defineIndex(
  ({ metadata }) => metadata.ownerReferences?.map((owner) => owner.uid) ?? NONE,
);

/** By `namespace/value` of one label. Keep the result: two calls make two indexes. */
export const indexByLabel = (label: string): CacheIndex =>
  defineIndex(({ metadata }) => {
    const value = metadata.labels?.[label];
    return value === undefined ? NONE : [`${metadata.namespace ?? ''}/${value}`];
  });
