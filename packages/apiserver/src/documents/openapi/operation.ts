import type { ObjectSchema } from '@navarch/machinery';
import type { Definitions, Doc } from './definitions.ts';

/** What a document says of one way to ask. */
export interface Operation {
  readonly path: string;
  readonly method: Method;
  /** The name that generated clients give it, e.g. listCoreV1NamespacedPod. */
  readonly id: string;
  readonly tags: readonly string[];
  readonly description: string;
  /** x-kubernetes-action; absent: it is about no kind. */
  readonly action?: string;
  readonly gvk?: Doc;
  readonly parameters: readonly Parameter[];
  readonly body?: Body;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly responses: readonly Response[];
}

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description?: string;
}

/** The schema of a body: made where a document is, since what it refers to is defined there. */
export type SchemaOf = (definitions: Definitions) => Doc;

interface Body {
  readonly schema: SchemaOf;
  readonly isRequired: boolean;
}

export interface Response {
  readonly status: 200 | 201 | 202;
  readonly schema: SchemaOf;
}

export const RESPONSE_TEXTS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  401: 'Unauthorized',
};

export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';

/** Texts in the words of clients: `rbac.authorization` is rbacAuthorization. */
const camelCase = (text: string, isCapital: boolean): string =>
  text
    .split(/[^\p{L}\p{Nd}_]+/u)
    .filter((word) => word !== '')
    .map((word, index) => (index > 0 || isCapital ? word.charAt(0).toUpperCase() + word.slice(1) : word))
    .join('');

export interface Place {
  readonly group: string;
  readonly version?: string;
}

const wordsOf = ({ group, version }: Place): readonly string[] => [
  group === '' ? 'core' : group.replace(/\.k8s\.io$/, ''),
  ...(version === undefined ? [] : [version]),
];

/** `list` and `NamespacedPod` in apps/v1: listAppsV1NamespacedPod. */
export const operationId = (verb: string, place: Place, rest: string): string =>
  verb +
  wordsOf(place)
    .map((word) => camelCase(word, true))
    .join('') +
  camelCase(rest, true);

/** By which generated clients part their operations. */
export const tagOf = (place: Place): string =>
  wordsOf(place)
    .map((word) => camelCase(word, false))
    .join('_');

const IN_GROUP = 'object name and auth scope, such as for teams and projects';
export const namespaceParameter: Parameter = { name: 'namespace', in: 'path', type: 'string', description: IN_GROUP };
export const nameParameter = (kind: string): Parameter => ({
  name: 'name',
  in: 'path',
  type: 'string',
  description: `name of the ${kind}`,
});
export const pretty: Parameter = {
  name: 'pretty',
  in: 'query',
  type: 'string',
  description: "'true': indented for people to read, as browsers and curl get it anyhow.",
};

/** What each field of a kind of options means as part of a query. */
export const queryOf = (options: ObjectSchema, except: readonly string[] = []): readonly Parameter[] =>
  options.fields.flatMap(({ name, schema }): readonly Parameter[] => {
    const type = typeOf(schema.type === 'list' ? schema.items.type : schema.type);
    if (type === undefined || name === 'kind' || name === 'apiVersion' || except.includes(name)) return [];
    const description = descriptions[name];
    return [{ name, in: 'query', type, ...(description === undefined ? {} : { description }) }];
  });

function typeOf(type: string): Parameter['type'] | undefined {
  if (type === 'string' || type === 'boolean') return type;
  return type === 'int64' || type === 'int32' ? 'integer' : undefined;
}

const descriptions: Readonly<Record<string, string>> = {
  allowWatchBookmarks: 'A watch may be sent bookmarks, which tell how far it has come.',
  command: 'What to run: the program and its arguments, one each. No shell reads them.',
  container: 'The container that is meant, where the pod has several.',
  continue: 'What the answer before said to go on with. The other parameters stay as they were.',
  dryRun: "'All': everything is done but to keep the result.",
  fieldManager: 'Who owns the fields that are written. Must be given with applied configurations.',
  fieldSelector: 'Only objects whose fields have these values.',
  fieldValidation:
    'What unknown and repeated fields of a body lead to: Ignore drops them, Warn drops them and says so (where nothing is said), Strict refuses the body.',
  follow: 'Go on with what is logged from now on.',
  force: 'Take fields that others own. For applied configurations only.',
  gracePeriodSeconds:
    'How long the object may take to end; 0: none. Where nothing is said the object has a time of its own.',
  ignoreStoreReadErrorWithClusterBreakingPotential:
    'Delete the object although it cannot be read from the store, with nothing that ought to come before. Breaks what relies on it.',
  insecureSkipTLSVerifyBackend: 'Do not check who the node is that the log comes from.',
  labelSelector: 'Only objects with these labels.',
  limit: 'How many objects to answer with at most; the answer says how to get the next ones.',
  limitBytes: 'How many bytes to answer with at most.',
  orphanDependents:
    'Leave what belongs to the object behind. Older than propagationPolicy, which says it better; not both.',
  path: 'The path to ask for.',
  ports: 'The ports to forward to. Needed for WebSockets.',
  previous: 'The log of the container before this one.',
  propagationPolicy:
    'What becomes of what belongs to the object: Orphan leaves it behind, Background deletes it later, Foreground before the object itself.',
  resourceVersion: 'The state to answer with, as resourceVersionMatch says it.',
  resourceVersionMatch: 'Exact: this very state. NotOlderThan: this one or a newer.',
  sendInitialEvents:
    'A watch begins with what there is, and with a bookmark when it has come to its end. Needs resourceVersionMatch.',
  shardSelector: 'Only objects of this part of all.',
  sinceSeconds: 'Only what was logged in so many last seconds.',
  stderr: 'Pass on what is written to standard error.',
  stdin: 'Pass on what is to be read.',
  stdout: 'Pass on what is written.',
  stream: 'Of what the container writes: All, Stdout or Stderr.',
  tailLines: 'Only so many last lines.',
  timeoutSeconds: 'How long to go on with the answer.',
  timestamps: 'Begin each line with when it was logged.',
  tty: 'With a terminal.',
  watch: 'Go on with what changes.',
};
