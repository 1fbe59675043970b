import { schemas } from '@navarch/api';
import { type ApiObject, type Column, decode, type ListMeta, type RowCondition } from '@navarch/machinery';
import type { Resource } from './resource.ts';

const NAME: Column<ApiObject> = {
  name: 'Name', type: 'string', format: 'name', priority: 0, value: (object) => object.metadata.name,
  description: 'Name must be unique within a namespace.',
};

export interface TableOptions {
  readonly columns: readonly Column<ApiObject>[];
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
  readonly meta: ListMeta;
  /** What each row carries besides its cells. */
  readonly includeObject: string;
  /** Absent: columns are told of. */
  readonly hasHeader?: boolean;
  readonly conditionsOf?: ((object: ApiObject) => readonly RowCondition[]) | undefined;
}

/** meta.k8s.io/v1 Table. */
export const tableOf = (objects: readonly ApiObject[], { columns, now, meta, includeObject, hasHeader = true, conditionsOf }: TableOptions): object => ({
  kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: meta,
  columnDefinitions: hasHeader ? columns.map((c) => ({ name: c.name, type: c.type, format: c.format ?? '', description: c.description ?? '', priority: c.priority })) : [],
  rows: objects.map((object) => ({
    cells: columns.map((column) => column.value(object, { now })),
    ...conditioned(conditionsOf?.(object)),
    object: includeObject === 'None' ? null : includeObject === 'Object' ? object : partial(object),
  })),
});

const conditioned = (conditions: readonly RowCondition[] | undefined): object => (conditions?.length ? { conditions } : {});

/** The same of a stored kind. */
export function tableList({ kind, registry }: Resource<any>, objects: readonly ApiObject[], meta: ListMeta, includeObject: string, hasHeader = true): object {
  const columns = kind.columns.length > 0 ? kind.columns : [NAME];
  return tableOf(objects, { columns, now: registry.deps.clock.now(), meta, includeObject, hasHeader, conditionsOf: kind.rowConditions });
}

/** Of a type of its own, whose fields are printed as Go's struct has them, whatever the object is. */
export const partial = ({ metadata }: ApiObject): unknown =>
  ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: isInOrder(metadata) ? metadata : decode(objectMeta, metadata).value });

const objectMeta = schemas.object('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');

const FIRST = new Set(['name', 'generateName', 'resourceVersion']);

/** Objects of custom resources have their fields by name, of which none of those comes first. */
const isInOrder = (metadata: ApiObject['metadata']): boolean => FIRST.has(Object.keys(metadata)[0] ?? 'name');

export const partialList = (objects: readonly ApiObject[], meta: ListMeta): unknown =>
  ({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: meta, items: objects.map(partial) });

