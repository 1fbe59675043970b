import type { ApiObject } from '@navarch/machinery';

/** Makes objects of a custom resource those of another of its versions. */
export interface Conversion {
  /** What takes no asking; absent: everything takes it. */
  readonly convertNow?: (object: ApiObject, apiVersion: string) => ApiObject;
  /** Objects of any versions, in their order. Rejects where one of them cannot be had in the version. */
  convert(objects: readonly ApiObject[], apiVersion: string): Promise<readonly ApiObject[]>;
}

const renamed = (object: ApiObject, apiVersion: string): ApiObject => ({ ...object, apiVersion });

/** Strategy None: versions differ in their names only. */
export const renaming: Conversion = Object.freeze({
  convertNow: renamed,
  convert: async (objects: readonly ApiObject[], apiVersion: string) =>
    objects.map((object) => renamed(object, apiVersion)),
});
