import { apiVersionOf, type FieldSchema, type Kind, type ObjectSchema, type Schema } from '@navarch/machinery';

type Doc = Readonly<Record<string, unknown>>;

/** OpenAPI v3 of one group and version: schemas and enough of the paths for explain, apply and validation in clients. */
export function openApiV3(kinds: readonly Kind<any>[]): Doc {
  const components = new Map<string, Doc>();
  const paths: Record<string, Doc> = {};
  for (const kind of kinds) {
    collect(kind.schema, components, (name) => `#/components/schemas/${name}`);
    const gvk = { group: kind.group, version: kind.version, kind: kind.kind };
    const name = kind.schema.name ?? '';
    components.set(name, { ...components.get(name), 'x-kubernetes-group-version-kind': [gvk] });
    Object.assign(paths, pathsOf(kind, { $ref: `#/components/schemas/${name}` }, gvk));
  }
  return {
    openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.37.0' }, paths,
    components: { schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))) },
  };
}

function pathsOf(kind: Kind<any>, schema: Doc, gvk: Doc): Record<string, Doc> {
  const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
  const base = kind.namespaced ? `${root}/namespaces/{namespace}/${kind.plural}` : `${root}/${kind.plural}`;
  const operation = (action: string, extra: Doc = {}): Doc => ({
    'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': gvk, ...extra,
    responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
  });
  // Clients look for this parameter to know that the server validates fields itself.
  const writes = { parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } })) };
  const body = { requestBody: { content: { '*/*': { schema } } } };
  const patch = { requestBody: { content: Object.fromEntries(['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json'].map((type) => [type, { schema: { type: 'object' } }])) } };
  return {
    [base]: { get: operation('list'), post: operation('post', { ...writes, ...body }) },
    [`${base}/{name}`]: { get: operation('get'), put: operation('put', { ...writes, ...body }), patch: operation('patch', { ...writes, ...patch }), delete: operation('delete') },
  };
}

/** OpenAPI v2 of everything. */
export function openApiV2(kinds: readonly Kind<any>[]): Doc {
  const definitions = new Map<string, Doc>();
  for (const kind of kinds) {
    collect(kind.schema, definitions, (name) => `#/definitions/${name}`);
    const name = kind.schema.name ?? '';
    definitions.set(name, { ...definitions.get(name), 'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }] });
  }
  return {
    swagger: '2.0', info: { title: 'Kubernetes', version: 'v1.37.0' }, paths: {},
    definitions: Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function collect(schema: ObjectSchema, into: Map<string, Doc>, refTo: (name: string) => string): void {
  const name = schema.name;
  if (name === undefined || into.has(name)) return;
  into.set(name, {});
  const required = schema.fields.filter((f) => f.isRequired).map((f) => f.name);
  const properties = Object.fromEntries(schema.fields.map((f) => [f.name, property(f, into, refTo)]));
  into.set(name, {
    type: 'object', ...(required.length > 0 ? { required } : {}), ...(schema.fields.length > 0 ? { properties } : {}),
    ...(schema.structType === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  });
}

function property(field: FieldSchema, into: Map<string, Doc>, refTo: (name: string) => string): Doc {
  const base = typed(field.schema, into, refTo);
  const extras: Record<string, unknown> = {};
  if (field.default !== undefined) extras['default'] = field.default;
  if (field.patchStrategy) extras['x-kubernetes-patch-strategy'] = field.patchStrategy.join(',');
  if (field.patchMergeKey) extras['x-kubernetes-patch-merge-key'] = field.patchMergeKey;
  // A reference may have no neighbours in OpenAPI.
  return '$ref' in base && Object.keys(extras).length > 0 ? { allOf: [base], ...extras } : { ...base, ...extras };
}

function typed(schema: Schema, into: Map<string, Doc>, refTo: (name: string) => string): Doc {
  switch (schema.type) {
    case 'object':
      collect(schema, into, refTo);
      return schema.name === undefined ? { type: 'object' } : { $ref: refTo(schema.name) };
    case 'list':
      return {
        type: 'array', items: typed(schema.items, into, refTo), ...(schema.listType ? { 'x-kubernetes-list-type': schema.listType } : {}),
        ...(schema.listMapKeys ? { 'x-kubernetes-list-map-keys': schema.listMapKeys } : {}),
      };
    case 'map': return { type: 'object', additionalProperties: typed(schema.values, into, refTo) };
    case 'int32': case 'int64': return { type: 'integer', format: schema.type };
    case 'uint64': case 'uint8': return { type: 'integer' };
    case 'double': return { type: 'number', format: 'double' };
    case 'boolean': return { type: 'boolean' };
    case 'bytes': return { type: 'string', format: 'byte' };
    case 'time': case 'microTime': return { type: 'string', format: 'date-time' };
    case 'intOrString': return { type: 'string', format: 'int-or-string' };
    case 'any': return { type: 'object' };
    default: return { type: 'string', ...(schema.enum ? { enum: schema.enum } : {}) };
  }
}

export const groupPath = (kind: Kind<any>): string => (kind.group ? `apis/${apiVersionOf(kind)}` : `api/${kind.version}`);
