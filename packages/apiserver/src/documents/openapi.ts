import { apiVersionOf, type FieldSchema, type Kind, type ObjectSchema, type Schema, type Verb } from '@navarch/machinery';
import { descriptionOf } from './descriptions.ts';

export type Doc = Readonly<Record<string, unknown>>;

const GVK = 'x-kubernetes-group-version-kind';
/** Query parameters of writes; clients look here for whether the server validates fields and runs dry. */
const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation'] as const;
const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'] as const;
const V2_PREFIX = '#/definitions/';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** Clients take the way to patch from here: a custom resource says nothing of how its lists are merged. */
const patchTypesOf = (kind: Kind<any>): readonly string[] => PATCH_TYPES.filter((type) => kind.origin !== 'custom' || !type.includes('strategic'));

/** Types that are a text or any JSON, yet have a name of their own. */
const NAMED: Readonly<Record<string, readonly [name: string, doc: Doc]>> = {
  time: [`${META}Time`, { type: 'string', format: 'date-time' }],
  microTime: [`${META}MicroTime`, { type: 'string', format: 'date-time' }],
  duration: [`${META}Duration`, { type: 'string' }],
  quantity: ['io.k8s.apimachinery.pkg.api.resource.Quantity', { type: 'string' }],
  intOrString: ['io.k8s.apimachinery.pkg.util.intstr.IntOrString', { type: 'string', format: 'int-or-string' }],
};
/** Those that OpenAPI v3 has better words for. */
const NAMED_V3: Readonly<Record<string, Doc>> = {
  quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  intOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
};

/** Collects the definitions that a document refers to. */
class Definitions {
  readonly #prefix: string;
  readonly #hasEnums: boolean;
  readonly #made = new Map<string, Doc>();

  constructor(prefix: string, hasEnums: boolean) {
    this.#prefix = prefix;
    this.#hasEnums = hasEnums;
  }

  get isV2(): boolean {
    return this.#prefix === V2_PREFIX;
  }

  /** The reference to an object's schema, which is defined with everything it refers to. */
  object(schema: ObjectSchema): Doc {
    const { name } = schema;
    if (name === undefined) return { type: 'object' };
    return this.#ref(name, () => (schema.published ? publishedDoc(schema, schema.published, this) : objectDoc(schema, this)));
  }

  /** The definition of a kind says which kind it is. */
  kind(kind: Kind<any>): Doc {
    const ref = this.object(kind.schema);
    const name = kind.schema.name ?? '';
    this.#made.set(name, { ...this.#made.get(name), [GVK]: [gvkOf(kind)] });
    return ref;
  }

  list(kind: Kind<any>): Doc {
    const name = `${(kind.schema.name ?? '').replace(/[^.]*$/, '')}${kind.listKind}`;
    const items = { type: 'array', items: this.kind(kind) };
    const text = { type: 'string' };
    const metadata = { type: 'object', properties: { continue: text, remainingItemCount: { type: 'integer', format: 'int64' }, resourceVersion: text, selfLink: text } };
    const ofList = { allOf: [this.#ref(`${META}ListMeta`, () => metadata)], description: 'What is so of the list as a whole: its version, and how it goes on.' };
    return this.#ref(name, () => ({
      type: 'object', required: ['items'], [GVK]: [{ ...gvkOf(kind), kind: kind.listKind }],
      properties: { apiVersion: text, items, kind: text, metadata: ofList },
    }));
  }

  value(schema: Schema): Doc {
    switch (schema.type) {
      case 'object': return this.object(schema);
      case 'list': return {
        type: 'array', items: this.value(schema.items), ...(schema.listType ? { 'x-kubernetes-list-type': schema.listType } : {}),
        ...(schema.listMapKeys ? { 'x-kubernetes-list-map-keys': schema.listMapKeys } : {}),
      };
      case 'map': return { type: 'object', additionalProperties: this.value(schema.values), ...(schema.mapType ? { 'x-kubernetes-map-type': schema.mapType } : {}) };
      case 'int32': case 'int64': return { type: 'integer', format: schema.type };
      case 'uint64': case 'uint8': return { type: 'integer' };
      case 'double': return { type: 'number', format: 'double' };
      case 'boolean': return { type: 'boolean' };
      case 'bytes': return { type: 'string', format: 'byte' };
      case 'any': return schema.name === undefined ? { type: 'object' } : this.#ref(schema.name, () => (/\.JSON[^.]*$/.test(schema.name ?? '') ? {} : { type: 'object' }));
      default: {
        const named = NAMED[schema.type];
        return named ? this.#ref(named[0], () => (this.isV2 ? named[1] : (NAMED_V3[schema.type] ?? named[1]))) : { type: 'string', ...(schema.enum && this.#hasEnums ? { enum: schema.enum.toSorted() } : {}) };
      }
    }
  }

  all(): Doc {
    return Object.fromEntries([...this.#made].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #ref(name: string, make: () => Doc): Doc {
    if (!this.#made.has(name)) {
      // A type that contains itself finds this while it is being made.
      this.#made.set(name, {});
      this.#made.set(name, make());
    }
    return { $ref: `${this.#prefix}${name}` };
  }
}

/** A schema as its author wrote it, with the fields that every object of the API has. */
function publishedDoc(schema: ObjectSchema, published: Doc, definitions: Definitions): Doc {
  const own = ['apiVersion', 'kind', 'metadata'].flatMap((name) => schema.field(name) ?? []);
  const properties = { ...(published['properties'] as Doc | undefined), ...Object.fromEntries(own.map((field) => [field.name, property(schema, field, definitions)])) };
  return { ...published, properties: definitions.isV2 ? mapDocs(properties, withoutV3) : properties };
}

const mapDocs = (docs: Doc, change: (doc: Doc) => Doc): Doc => Object.fromEntries(Object.entries(docs).map(([name, doc]) => [name, change(doc as Doc)]));

/** What OpenAPI v2 has no words for is left out. */
function withoutV3({ nullable, anyOf: _, oneOf: __, not: ___, allOf, ...rest }: Doc): Doc {
  const { type, properties, items, additionalProperties, ...others } = rest;
  return {
    ...others, ...(allOf && '$ref' in ((allOf as readonly Doc[])[0] ?? {}) ? { allOf } : {}), ...(type && !nullable ? { type } : {}),
    ...(properties && !nullable ? { properties: mapDocs(properties as Doc, withoutV3) } : {}),
    ...(items && !nullable ? { items: withoutV3(items as Doc) } : {}),
    ...(typeof additionalProperties === 'object' && !nullable ? { additionalProperties: withoutV3(additionalProperties as Doc) } : {}),
  };
}

function objectDoc(schema: ObjectSchema, definitions: Definitions): Doc {
  const required = schema.fields.filter((f) => f.isRequired).map((f) => f.name);
  const properties = Object.fromEntries(schema.fields.map((f) => [f.name, property(schema, f, definitions)]));
  return {
    type: 'object', ...(required.length > 0 ? { required } : {}), ...(schema.fields.length > 0 ? { properties } : {}),
    ...(schema.structType === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
}

function property(of: ObjectSchema, field: FieldSchema, definitions: Definitions): Doc {
  const base = definitions.value(field.schema);
  const description = descriptionOf(of, field);
  const extras = {
    ...(description === undefined ? {} : { description }),
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.patchStrategy ? { 'x-kubernetes-patch-strategy': field.patchStrategy.join(',') } : {}),
    ...(field.patchMergeKey ? { 'x-kubernetes-patch-merge-key': field.patchMergeKey } : {}),
  };
  // A reference may have no neighbours in OpenAPI.
  return '$ref' in base && Object.keys(extras).length > 0 ? { allOf: [base], ...extras } : { ...base, ...extras };
}

/**
 * OpenAPI v3 of one group and version: schemas and enough of the paths for explain, apply and validation in clients.
 * `hasEnums`: it tells the values that a text may have.
 */
export function openApiV3(kinds: readonly Kind<any>[], hasEnums: boolean): Doc {
  const definitions = new Definitions('#/components/schemas/', hasEnums);
  const answer = (schema: Doc): Doc => ({ responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } } });
  const body = (schema: Doc, types: readonly string[]): Doc => ({ requestBody: { content: Object.fromEntries(types.map((type) => [type, { schema }])) } });
  const parameters = WRITE_PARAMETERS.map((name) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } }));
  const paths = pathsOf(kinds, (kind, action) => {
    const schema = definitions.kind(kind);
    const base = { 'x-kubernetes-action': action, [GVK]: gvkOf(kind) };
    if (action === 'list') return { ...base, ...answer(definitions.list(kind)) };
    if (action === 'get' || action === 'delete') return { ...base, ...answer(schema) };
    return { ...base, parameters, ...body(action === 'patch' ? { type: 'object' } : schema, action === 'patch' ? patchTypesOf(kind) : ['*/*']), ...answer(schema) };
  });
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.37.0' }, paths, components: { schemas: definitions.all() } };
}

/** OpenAPI v2 of everything. */
export function openApiV2(kinds: readonly Kind<any>[], hasEnums: boolean): Doc {
  const definitions = new Definitions(V2_PREFIX, hasEnums);
  const query = WRITE_PARAMETERS.map((name) => ({ name, in: 'query', type: 'string', uniqueItems: true }));
  const paths = pathsOf(kinds, (kind, action) => {
    const schema = definitions.kind(kind);
    const isWrite = action === 'post' || action === 'put' || action === 'patch';
    const body = { name: 'body', in: 'body', required: true, schema: action === 'patch' ? { type: 'object' } : schema };
    return {
      'x-kubernetes-action': action, [GVK]: gvkOf(kind), ...(isWrite ? { parameters: [body, ...query] } : {}),
      ...(action === 'patch' ? { consumes: patchTypesOf(kind) } : {}), produces: ['application/json'],
      responses: { 200: { description: 'OK', schema: action === 'list' ? definitions.list(kind) : schema } },
    };
  });
  return { swagger: '2.0', info: { title: 'Kubernetes', version: 'v1.37.0' }, paths, definitions: definitions.all() };
}

type Action = 'list' | 'post' | 'get' | 'put' | 'patch' | 'delete';

function pathsOf(kinds: readonly Kind<any>[], operation: (kind: Kind<any>, action: Action) => Doc): Record<string, Doc> {
  const paths: Record<string, Doc> = {};
  for (const kind of kinds) {
    const base = `/${groupPath(kind)}/${kind.namespaced ? `namespaces/{namespace}/${kind.plural}` : kind.plural}`;
    // What is only asked, or only read, has no other operations.
    const operations = (...wanted: readonly (readonly [method: string, verb: Verb, action: Action])[]): Doc =>
      Object.fromEntries(wanted.filter(([, verb]) => kind.verbs.includes(verb)).map(([method, , action]) => [method, operation(kind, action)]));
    paths[base] = operations(['get', 'list', 'list'], ['post', 'create', 'post']);
    const one = operations(['get', 'get', 'get'], ['put', 'update', 'put'], ['patch', 'patch', 'patch'], ['delete', 'delete', 'delete']);
    if (Object.keys(one).length > 0) paths[`${base}/{name}`] = one;
  }
  return paths;
}

const gvkOf = ({ group, version, kind }: Kind<any>): Doc => ({ group, kind, version });

export const groupPath = (kind: Kind<any>): string => (kind.group ? `apis/${apiVersionOf(kind)}` : `api/${kind.version}`);
