import { schemas } from '@navarch/api';
import { apiVersionOf, type Kind, type ObjectSchema } from '@navarch/machinery';
import { article } from './built-in-operations.ts';
import { gvkOf, META } from './definitions.ts';
import {
  JSON_TYPE,
  type Method,
  nameParameter,
  namespaceParameter,
  type Operation,
  operationId,
  pretty,
  queryOf,
  type Response,
  type SchemaOf,
  tagOf,
  YAML_TYPE,
} from './operation.ts';

const meta = (name: string): ObjectSchema => schemas.object(`${META}${name}`);
const metaOf =
  (name: string): SchemaOf =>
  (definitions) =>
    definitions.object(meta(name));
const scale: SchemaOf = (definitions) => definitions.object(schemas.object('io.k8s.api.autoscaling.v1.Scale'));
const FORMS = [JSON_TYPE, YAML_TYPE];
const PATCHES = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];

/** What an action takes and answers with, of any custom resource. */
interface Action {
  readonly method: Method;
  /** As the id begins. */
  readonly verb: string;
  readonly action: string;
  readonly options: string;
  readonly statuses: readonly Response['status'][];
}

const LIST: Action = { method: 'get', verb: 'list', action: 'list', options: 'ListOptions', statuses: [200] };
const CREATE: Action = {
  method: 'post',
  verb: 'create',
  action: 'post',
  options: 'CreateOptions',
  statuses: [200, 201, 202],
};
const DELETE_ALL: Action = {
  method: 'delete',
  verb: 'delete',
  action: 'deletecollection',
  options: 'ListOptions',
  statuses: [200],
};
const READ: Action = { method: 'get', verb: 'read', action: 'get', options: 'GetOptions', statuses: [200] };
const REPLACE: Action = {
  method: 'put',
  verb: 'replace',
  action: 'put',
  options: 'UpdateOptions',
  statuses: [200, 201],
};
const DELETE: Action = {
  method: 'delete',
  verb: 'delete',
  action: 'delete',
  options: 'DeleteOptions',
  statuses: [200, 202],
};
const PATCH: Action = { method: 'patch', verb: 'patch', action: 'patch', options: 'PatchOptions', statuses: [200] };

/** Every way to ask for a custom resource: upstream tells less of them than of its own. */
export function customOperations(kind: Kind<any>): readonly Operation[] {
  const root = `/apis/${apiVersionOf(kind)}`;
  const collection = `${root}/${kind.namespaced ? `namespaces/{namespace}/${kind.plural}` : kind.plural}`;
  const one = `${collection}/{name}`;
  const itself: SchemaOf = (definitions) => definitions.kind(kind);
  const list: SchemaOf = (definitions) => definitions.list(kind);
  const say = (action: Action, path: string, schema: SchemaOf, about: About): Operation =>
    operation(kind, action, path, schema, about);
  const part = (name: string, schema: SchemaOf): readonly Operation[] => [
    say(READ, `${one}/${name}`, schema, { sub: name, description: `read ${name} of the specified ${kind.kind}` }),
    say(REPLACE, `${one}/${name}`, schema, { sub: name, description: `replace ${name} of the specified ${kind.kind}` }),
    say(PATCH, `${one}/${name}`, schema, {
      sub: name,
      description: `partially update ${name} of the specified ${kind.kind}`,
    }),
  ];
  const has = (name: string): boolean => kind.subresources.some((sub) => sub.name === name);
  return [
    ...(kind.namespaced
      ? [
          say(LIST, `${root}/${kind.plural}`, list, {
            everywhere: true,
            description: `list objects of kind ${kind.kind}`,
          }),
        ]
      : []),
    say(LIST, collection, list, { description: `list objects of kind ${kind.kind}` }),
    say(CREATE, collection, itself, { description: `create${article(kind.kind)}${kind.kind}` }),
    say(DELETE_ALL, collection, metaOf('Status'), { description: `delete collection of ${kind.kind}` }),
    say(READ, one, itself, { description: `read the specified ${kind.kind}` }),
    say(REPLACE, one, itself, { description: `replace the specified ${kind.kind}` }),
    say(DELETE, one, metaOf('Status'), { description: `delete${article(kind.kind)}${kind.kind}` }),
    say(PATCH, one, itself, { description: `partially update the specified ${kind.kind}` }),
    ...(has('status') ? part('status', itself) : []),
    ...(has('scale') ? part('scale', scale) : []),
  ];
}

interface About {
  readonly description: string;
  readonly sub?: string;
  /** In all namespaces. */
  readonly everywhere?: boolean;
}

function operation(
  kind: Kind<any>,
  { method, verb, action, options, statuses }: Action,
  path: string,
  schema: SchemaOf,
  about: About,
): Operation {
  const { description, sub = '', everywhere = false } = about;
  const name = `${kind.namespaced && !everywhere ? 'Namespaced' : ''}${kind.kind}${sub.charAt(0).toUpperCase()}${sub.slice(1)}${everywhere ? 'ForAllNamespaces' : ''}`;
  const bodies: Readonly<Record<string, Operation['body']>> = {
    post: { schema, isRequired: true },
    put: { schema, isRequired: true },
    patch: { schema: metaOf('Patch'), isRequired: true },
    delete: { schema: metaOf('DeleteOptions'), isRequired: false },
  };
  const body = bodies[action];
  return {
    path,
    method,
    action,
    description,
    gvk: gvkOf(kind),
    tags: [tagOf(kind)],
    id: operationId(verb, kind, action === 'deletecollection' ? `Collection${name}` : name),
    parameters: [
      pretty,
      ...queryOf(meta(options)),
      ...(path.includes('{namespace}') ? [namespaceParameter] : []),
      ...(path.includes('{name}') ? [nameParameter(kind.kind)] : []),
    ],
    ...(body ? { body } : {}),
    consumes: method === 'patch' ? PATCHES : FORMS,
    produces: FORMS,
    responses: statuses.map((status) => ({ status, schema })),
  };
}
