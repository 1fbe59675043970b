import type { ApiObject, Column, ListMeta } from '@navarch/machinery';
import type { Resource } from './resource.ts';

const NAME: Column<ApiObject> = {
  name: 'Name', type: 'string', format: 'name', priority: 0, value: (object) => object.metadata.name,
  description: 'Name must be unique within a namespace.',
};

/** meta.k8s.io/v1 Table. `includeObject`: what each row carries besides its cells. */
export function tableList(resource: Resource<any>, objects: readonly ApiObject[], meta: ListMeta, includeObject: string, hasHeader = true): unknown {
  const { kind, registry } = resource;
  const columns = kind.columns.length > 0 ? kind.columns : [NAME];
  const context = { now: registry.deps.clock.now() };
  return {
    kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: meta,
    columnDefinitions: hasHeader ? columns.map((c) => ({ name: c.name, type: c.type, format: c.format ?? '', description: c.description ?? '', priority: c.priority })) : [],
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.value(object, context)),
      object: includeObject === 'None' ? null : includeObject === 'Object' ? object : partial(object),
    })),
  };
}

export const partial = (object: ApiObject): unknown =>
  ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });

export const partialList = (objects: readonly ApiObject[], meta: ListMeta): unknown =>
  ({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: meta, items: objects.map(partial) });

