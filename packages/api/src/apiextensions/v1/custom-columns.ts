import {
  type ApiObject,
  type Column,
  compileSimplePath,
  humanDuration,
  type Integer,
  JsonPathError,
  writeJson,
} from '@navarch/machinery';
import { age } from '../../columns.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
} from '../../generated/types/apiextensions-v1.ts';

// What tables and field selectors take out of objects of a custom resource, by the paths of its definition.

/** A bookmark's object has none. */
const NAME: Column<ApiObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 0,
  value: ({ metadata }) => (metadata as { readonly name?: string }).name ?? '',
};
const AGE: Column<ApiObject> = {
  name: 'Age',
  type: 'date',
  priority: 0,
  value: (object, { now }) => age(object.metadata.creationTimestamp, now),
};

/** Where a path is none, there are the columns that every resource has. */
export function customColumns({
  additionalPrinterColumns = [],
}: CustomResourceDefinitionVersion): readonly Column<ApiObject>[] {
  if (additionalPrinterColumns.length === 0) return [NAME, AGE];
  const columns = additionalPrinterColumns.map(columnOf);
  return columns.some((column) => !column) ? [NAME] : [NAME, ...(columns as readonly Column<ApiObject>[])];
}

function columnOf({
  name,
  type,
  format,
  description,
  priority,
  jsonPath,
}: CustomResourceColumnDefinition): Column<ApiObject> | undefined {
  const find = pathOf(jsonPath);
  return (
    find && {
      name,
      type: type as Column<ApiObject>['type'],
      priority: priority ?? 0,
      ...(format ? { format } : {}),
      description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      value: (object, { now }) => cell(type, find(object), now),
    }
  );
}

function pathOf(jsonPath: string): ReturnType<typeof compileSimplePath> | undefined {
  try {
    return compileSimplePath(jsonPath);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    return undefined;
  }
}

/** Of what a path finds the first counts. */
function cell(type: string, [first]: readonly unknown[], now: number): string | Integer | boolean | null {
  if (first === undefined) return null;
  if (type === 'string') return first === null ? '<no value>' : typeof first === 'string' ? first : writeJson(first);
  switch (type) {
    case 'integer':
      return typeof first === 'number' ? Math.trunc(first) : typeof first === 'bigint' ? first : null;
    case 'number':
      return typeof first === 'number' ? first : typeof first === 'bigint' ? Number(first) : null;
    case 'boolean':
      return typeof first === 'boolean' ? first : null;
    default:
      return typeof first === 'string' ? ageOf(first, now) : null;
  }
}

function ageOf(value: string, now: number): string {
  const time = Date.parse(value);
  return Number.isNaN(time) ? '<invalid>' : humanDuration(now - time);
}

/** What a field selector compares: a text, a number or a boolean; of all else it is empty. */
export function selectorValue(jsonPath: string): (object: ApiObject) => string {
  const find = compileSimplePath(jsonPath);
  return (object) => {
    const [value] = find(object);
    return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
  };
}
