import { describedField, schemas } from '@navarch/api';
import {
  type ApiObject,
  badRequest,
  type Column,
  decode,
  humanDuration,
  type ListMeta,
  type RowCondition,
} from '@navarch/machinery';
import type { Resource } from './resource.ts';

/** What every object has, for kinds that do not say what is to be seen of them. */
const DEFAULT_COLUMNS: readonly Column<ApiObject>[] = [
  { name: 'Name', type: 'string', format: 'name', priority: 0, value: (object) => object.metadata.name },
  { name: 'Created At', type: 'date', priority: 0, value: (object) => object.metadata.creationTimestamp },
];

const replicas =
  (part: 'spec' | 'status') =>
  (scale: ApiObject): number =>
    (scale as ApiObject & Readonly<Record<string, { readonly replicas?: number } | undefined>>)[part]?.replicas ?? 0;

/** Those of an autoscaling Scale, whatever it was made of. */
export const SCALE_COLUMNS: readonly Column<ApiObject>[] = [
  { name: 'Name', type: 'string', format: 'name', priority: 0, value: (object) => object.metadata.name },
  { name: 'Desired', type: 'integer', priority: 0, description: 'Number of desired replicas', value: replicas('spec') },
  {
    name: 'Available',
    type: 'integer',
    priority: 0,
    description: 'Number of actual replicas',
    value: replicas('status'),
  },
  {
    name: 'Age',
    type: 'date',
    priority: 0,
    value: (object, { now }) => humanDuration(now - Date.parse(object.metadata.creationTimestamp)),
  },
];

export interface TableOptions {
  readonly columns: readonly Column<ApiObject>[];
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
  readonly meta: ListMeta;
  /** What each row carries besides its cells. */
  readonly includeObject: string;
  /** meta.k8s.io/v1, or v1beta1. */
  readonly metaVersion: string;
  /** Absent: columns are told of. */
  readonly hasHeader?: boolean;
  readonly conditionsOf?: ((object: ApiObject) => readonly RowCondition[]) | undefined;
}

/** meta.k8s.io Table. Throws BadRequest where rows are to carry what there is not. */
export function tableOf(
  objects: readonly ApiObject[],
  { columns, now, meta, includeObject, metaVersion, hasHeader = true, conditionsOf }: TableOptions,
): object {
  checkIncluded(includeObject);
  return {
    kind: 'Table',
    apiVersion: metaVersion,
    metadata: meta,
    // Of several tables of a watch only the first tells of them.
    columnDefinitions: hasHeader
      ? columns.map((c) => ({
          name: c.name,
          type: c.type,
          format: c.format ?? '',
          description: descriptionOf(c),
          priority: c.priority,
        }))
      : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.value(object, { now })),
      ...conditioned(conditionsOf?.(object)),
      object: includeObject === 'None' ? null : includeObject === 'Object' ? object : partial(object, metaVersion),
    })),
  };
}

const conditioned = (conditions: readonly RowCondition[] | undefined): object =>
  conditions?.length ? { conditions } : {};

const ofMetadata = (field: string): string =>
  describedField(schemas.object('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'), field) ?? '';

/** What metadata says of itself in other places too is not said by each kind. */
const descriptionOf = ({ name, type, description }: Column<ApiObject>): string =>
  description ??
  (name === 'Name'
    ? ofMetadata('name')
    : type === 'date' && (name === 'Age' || name === 'Created At')
      ? ofMetadata('creationTimestamp')
      : '');

function checkIncluded(wanted: string): void {
  if (wanted === 'None' || wanted === 'Metadata' || wanted === 'Object') return;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(wanted)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** The same of a stored kind. */
export const tableList = (
  { kind, registry }: Resource<any>,
  objects: readonly ApiObject[],
  options: Omit<TableOptions, 'columns' | 'now' | 'conditionsOf'>,
): object =>
  tableOf(objects, {
    ...options,
    conditionsOf: kind.rowConditions,
    columns: kind.columns.length > 0 ? kind.columns : DEFAULT_COLUMNS,
    now: registry.deps.clock.now(),
  });

const objectMeta = schemas.object('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');

/** Its fields in their own order, also of objects whose fields are in the order of their names. */
export const partial = (object: ApiObject, metaVersion: string): unknown => ({
  kind: 'PartialObjectMetadata',
  apiVersion: metaVersion,
  metadata: isInOrder(object.metadata) ? object.metadata : decode(objectMeta, object.metadata).value,
});

const FIRST = new Set(['name', 'generateName', 'resourceVersion']);

/** Objects of custom resources have their fields by name, of which none of those comes first. */
const isInOrder = (metadata: ApiObject['metadata']): boolean => FIRST.has(Object.keys(metadata)[0] ?? 'name');

export const partialList = (objects: readonly ApiObject[], meta: ListMeta, metaVersion: string): unknown => ({
  kind: 'PartialObjectMetadataList',
  apiVersion: metaVersion,
  metadata: meta,
  items: objects.length === 0 ? null : objects.map((object) => partial(object, metaVersion)),
});
