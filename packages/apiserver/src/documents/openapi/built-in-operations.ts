import { schemas } from '@navarch/api';
import { apiVersionOf, type Kind, type ObjectSchema, type SubresourceFacts } from '@navarch/machinery';
import type { Subresource } from '../../subresources/subresource.ts';
import { type Doc, gvkOf, META } from './definitions.ts';
import {
  type Method,
  nameParameter,
  namespaceParameter,
  type Operation,
  operationId,
  type Parameter,
  pretty,
  queryOf,
  type Response,
  type SchemaOf,
  tagOf,
} from './operation.ts';

/** What the server takes and gives. */
export interface MediaTypes {
  readonly plain: readonly string[];
  /** With those of watches. */
  readonly streamed: readonly string[];
  readonly patches: readonly string[];
}

export interface BuiltInDeps {
  readonly mediaTypes: MediaTypes;
  /** How a subresource is asked that is no part of an object; undefined for those that are. */
  subresource(at: string): Subresource | undefined;
}

const meta = (name: string): ObjectSchema => schemas.object(`${META}${name}`);
const schemaOf =
  (schema: ObjectSchema): SchemaOf =>
  (definitions) =>
    definitions.object(schema);
const metaOf =
  (name: string): SchemaOf =>
  (definitions) =>
    definitions.object(meta(name));
const anyPatch: SchemaOf = metaOf('Patch');
const text: SchemaOf = () => ({ type: 'string' });

/** Every way to ask for a built-in kind, as upstream's server names and describes it. */
export function builtInOperations(kind: Kind<any>, deps: BuiltInDeps): readonly Operation[] {
  const scope = new Scope(kind, deps);
  return [
    ...collectionOperations(scope),
    ...objectOperations(scope),
    ...kind.subresources.flatMap((sub) => subresourceOperations(scope, sub)),
  ];
}

/** An operation, less what all of a kind have alike. */
interface Said extends Pick<Operation, 'method' | 'description' | 'parameters' | 'responses' | 'body'> {
  readonly verb: string;
  /** What follows the group and version in the id. */
  readonly name: string;
  /** Below the group and version. */
  readonly path: string;
  readonly action: string;
  readonly consumes?: readonly string[];
  readonly produces?: readonly string[];
  readonly gvk?: Doc;
}

/** What the operations of one kind have in common. */
class Scope {
  readonly kind: Kind<any>;
  readonly deps: BuiltInDeps;
  readonly root: string;
  /** `namespaces/{namespace}/pods` */
  readonly collection: string;
  readonly namespaced: string;
  readonly inNamespace: readonly Parameter[];
  readonly named: readonly Parameter[];

  constructor(kind: Kind<any>, deps: BuiltInDeps) {
    this.kind = kind;
    this.deps = deps;
    this.root = kind.group ? `/apis/${apiVersionOf(kind)}` : `/api/${kind.version}`;
    this.collection = kind.namespaced ? `namespaces/{namespace}/${kind.plural}` : kind.plural;
    this.namespaced = kind.namespaced ? 'Namespaced' : '';
    this.inNamespace = kind.namespaced ? [namespaceParameter] : [];
    this.named = [...this.inNamespace, nameParameter(kind.kind)];
  }

  can(...verbs: Kind['verbs']): boolean {
    return verbs.every((verb) => this.kind.verbs.includes(verb));
  }

  get itself(): SchemaOf {
    return (definitions) => definitions.kind(this.kind);
  }

  get list(): SchemaOf {
    return schemaOf(schemas.object((this.kind.schema.name ?? '').replace(/[^.]*$/, this.kind.listKind)));
  }

  operation({
    verb,
    name,
    path,
    consumes = ['*/*'],
    produces = this.deps.mediaTypes.plain,
    gvk = gvkOf(this.kind),
    ...said
  }: Said): Operation {
    return {
      ...said,
      gvk,
      consumes,
      produces,
      path: `${this.root}/${path}`,
      id: operationId(verb, this.kind, name),
      tags: [tagOf(this.kind)],
    };
  }
}

const answers = (schema: SchemaOf, ...statuses: readonly Response['status'][]): readonly Response[] =>
  statuses.map((status) => ({ status, schema }));

function collectionOperations(scope: Scope): readonly Operation[] {
  const {
    kind,
    deps: { mediaTypes },
    namespaced,
    collection,
    inNamespace,
  } = scope;
  const list = queryOf(meta('ListOptions'));
  const lists = (path: string, name: string, parameters: readonly Parameter[]): Operation =>
    scope.operation({
      verb: 'list',
      name,
      path,
      method: 'get',
      action: 'list',
      description: `list ${scope.can('watch') ? 'or watch ' : ''}objects of kind ${kind.kind}`,
      parameters: [pretty, ...list, ...parameters],
      responses: answers(scope.list, 200),
      produces: mediaTypes.streamed,
    });
  const watches = (path: string, name: string, action: string, parameters: readonly Parameter[]): Operation =>
    scope.operation({
      verb: 'watch',
      name,
      path: `watch/${path}`,
      method: 'get',
      action,
      parameters: [pretty, ...list, ...parameters],
      responses: answers(metaOf('WatchEvent'), 200),
      produces: mediaTypes.streamed,
      description:
        action === 'watch'
          ? `watch changes to an object of kind ${kind.kind}. deprecated: use the 'watch' parameter with a list operation instead, filtered to a single item with the 'fieldSelector' parameter.`
          : `watch individual changes to a list of ${kind.kind}. deprecated: use the 'watch' parameter with a list operation instead.`,
    });
  const everywhere = kind.namespaced
    ? [[kind.plural, `${kind.kind}ForAllNamespaces`, `${kind.kind}ListForAllNamespaces`] as const]
    : [];
  return [
    ...(scope.can('list')
      ? [
          lists(collection, namespaced + kind.kind, inNamespace),
          ...everywhere.map(([path, name]) => lists(path, name, [])),
        ]
      : []),
    ...(scope.can('create')
      ? [
          creates(scope, {
            path: collection,
            name: namespaced + kind.kind,
            description: `create${article(kind.kind)}${kind.kind}`,
            schema: scope.itself,
            parameters: inNamespace,
          }),
        ]
      : []),
    ...(scope.can('deletecollection') ? [deletesAll(scope)] : []),
    ...(scope.can('list', 'watch')
      ? [
          watches(collection, `${namespaced}${kind.kind}List`, 'watchlist', inNamespace),
          ...everywhere.map(([path, , name]) => watches(path, name, 'watchlist', [])),
        ]
      : []),
    ...(scope.can('watch') ? [watches(`${collection}/{name}`, namespaced + kind.kind, 'watch', scope.named)] : []),
  ];
}

const creates = (scope: Scope, { schema, parameters, ...part }: Part): Operation =>
  scope.operation({
    ...part,
    verb: 'create',
    method: 'post',
    action: 'post',
    parameters: [pretty, ...queryOf(meta('CreateOptions')), ...parameters],
    body: { schema, isRequired: true },
    responses: answers(schema, 200, 201, 202),
  });

function deletesAll(scope: Scope): Operation {
  const { kind, namespaced, collection, inNamespace } = scope;
  const selected = queryOf(meta('ListOptions'), ['watch', 'allowWatchBookmarks']);
  return scope.operation({
    verb: 'delete',
    name: `Collection${namespaced}${kind.kind}`,
    path: collection,
    method: 'delete',
    action: 'deletecollection',
    description: `delete collection of ${kind.kind}`,
    parameters: [pretty, ...queryOf(meta('DeleteOptions')), ...selected, ...inNamespace],
    body: { schema: metaOf('DeleteOptions'), isRequired: false },
    responses: answers(metaOf('Status'), 200),
  });
}

function objectOperations(scope: Scope): readonly Operation[] {
  const { kind, collection, namespaced, named: parameters } = scope;
  const path = `${collection}/{name}`;
  const name = namespaced + kind.kind;
  const part = { path, name, parameters, schema: scope.itself };
  const deleted = kind.behaviour.answersDeletion ? scope.itself : metaOf('Status');
  return [
    ...(scope.can('get') ? [reads(scope, { ...part, description: `read the specified ${kind.kind}` })] : []),
    ...(scope.can('update') ? [replaces(scope, { ...part, description: `replace the specified ${kind.kind}` })] : []),
    ...(scope.can('patch')
      ? [patches(scope, { ...part, description: `partially update the specified ${kind.kind}` })]
      : []),
    ...(scope.can('delete')
      ? [
          scope.operation({
            verb: 'delete',
            name,
            path,
            method: 'delete',
            action: 'delete',
            description: `delete${article(kind.kind)}${kind.kind}`,
            parameters: [pretty, ...queryOf(meta('DeleteOptions')), ...parameters],
            body: { schema: metaOf('DeleteOptions'), isRequired: false },
            responses: answers(deleted, 200, 202),
          }),
        ]
      : []),
  ];
}

interface Part extends Pick<Said, 'path' | 'name' | 'description' | 'parameters' | 'gvk'> {
  readonly schema: SchemaOf;
}

const reads = (scope: Scope, { schema, parameters, ...part }: Part): Operation =>
  scope.operation({
    ...part,
    verb: 'read',
    method: 'get',
    action: 'get',
    parameters: [pretty, ...parameters],
    responses: answers(schema, 200),
  });

const replaces = (scope: Scope, { schema, parameters, ...part }: Part): Operation =>
  scope.operation({
    ...part,
    verb: 'replace',
    method: 'put',
    action: 'put',
    parameters: [pretty, ...queryOf(meta('UpdateOptions')), ...parameters],
    body: { schema, isRequired: true },
    responses: answers(schema, 200, 201),
  });

const patches = (scope: Scope, { schema, parameters, ...part }: Part): Operation =>
  scope.operation({
    ...part,
    verb: 'patch',
    method: 'patch',
    action: 'patch',
    parameters: [pretty, ...queryOf(meta('PatchOptions')), ...parameters],
    body: { schema: anyPatch, isRequired: true },
    consumes: scope.deps.mediaTypes.patches,
    responses: answers(schema, 200, 201),
  });

function subresourceOperations(scope: Scope, sub: SubresourceFacts): readonly Operation[] {
  const { kind, collection, namespaced, deps, inNamespace } = scope;
  const special = deps.subresource(`${kind.group}/${kind.plural}/${sub.name}`);
  const path = `${collection}/{name}/${sub.name}`;
  const name = `${namespaced}${kind.kind}${sub.name.charAt(0).toUpperCase()}${sub.name.slice(1)}`;
  const query = special?.query === undefined ? [] : queryOf(schemas.object(`io.k8s.api.core.v1.${special.query}`));
  // What is asked may be of another kind, and then so is whose name it is.
  const parameters = [...inNamespace, nameParameter(sub.kind)];
  if (special?.isText) {
    const produces = ['text/plain', ...deps.mediaTypes.plain];
    return [
      {
        ...reads(scope, {
          path,
          name,
          schema: text,
          parameters: [...query, ...parameters],
          description: `read ${sub.name} of the specified ${kind.kind}`,
          gvk: gvkOf(sub),
        }),
        produces,
      },
    ];
  }
  if (special?.connect) return connections(scope, { sub, special, path, name, parameters: [...query, ...parameters] });
  const schema: SchemaOf = (definitions) =>
    definitions.object(sub.kind === kind.kind ? kind.schema : schemas.object(typeName(sub)));
  const part = { path, name, parameters, schema, gvk: gvkOf(sub) };
  const can = (verb: SubresourceFacts['verbs'][number]): boolean => sub.verbs.includes(verb);
  return [
    ...(can('create')
      ? [creates(scope, { ...part, description: `create ${sub.name} of${article(kind.kind)}${kind.kind}` })]
      : []),
    ...(can('get') ? [reads(scope, { ...part, description: `read ${sub.name} of the specified ${kind.kind}` })] : []),
    ...(can('update')
      ? [replaces(scope, { ...part, description: `replace ${sub.name} of the specified ${kind.kind}` })]
      : []),
    ...(can('patch')
      ? [patches(scope, { ...part, description: `partially update ${sub.name} of the specified ${kind.kind}` })]
      : []),
  ];
}

interface Connection {
  readonly sub: SubresourceFacts;
  readonly special: Subresource;
  readonly path: string;
  readonly name: string;
  readonly parameters: readonly Parameter[];
}

const ALL_METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'] as const;

function connections(scope: Scope, { sub, special, path, name, parameters }: Connection): readonly Operation[] {
  const places = [
    [path, name, []],
    ...(special.hasPath ? [[`${path}/{path}`, `${name}WithPath`, [REST]] as const] : []),
  ] as const;
  return places.flatMap(([at, called, more]) =>
    (special.methods ?? ALL_METHODS).map((method) =>
      scope.operation({
        verb: 'connect',
        name: `${method.charAt(0)}${method.slice(1).toLowerCase()}${called}`,
        path: at,
        method: method.toLowerCase() as Method,
        action: 'connect',
        description: `connect ${method} requests to ${sub.name} of ${scope.kind.kind}`,
        parameters: [...parameters, ...more],
        produces: ['*/*'],
        responses: answers(text, 200),
        gvk: gvkOf(sub),
      }),
    ),
  );
}

const REST: Parameter = { name: 'path', in: 'path', type: 'string', description: 'path to the resource' };

/** The OpenAPI name of a type of k8s.io/api, of whose group only the first word counts there. */
const typeName = ({
  group,
  version,
  kind,
}: {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}): string => `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`;

/** ` a ` or ` an `; what is many has none. */
export function article(noun: string): string {
  if (/[^s]s$/.test(noun)) return ' ';
  return /^[aeiou]/i.test(noun) ? ' an ' : ' a ';
}
