import type { TestContext } from './conformance-test.ts';
import { type Json, rest } from './rest.ts';
import { until } from './until.ts';

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const SERVED_MS = 30_000;

/** A schema that lets everything pass. */
export const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;

export interface DefinitionOptions {
  readonly group: string;
  readonly kind: string;
  readonly scope?: 'Namespaced' | 'Cluster';
  /** The first one is stored; absent: v1. */
  readonly versions?: readonly (string | Json)[];
  /** Of every version that is only a name. */
  readonly schema?: Json;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What `create` must be given to define a kind. Its plural is the kind in lower case with an s. */
function definition({
  group,
  kind,
  scope = 'Namespaced',
  versions = ['v1'],
  schema = anything,
  labels,
}: DefinitionOptions): Json {
  const singular = kind.toLowerCase();
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${singular}s.${group}`, ...(labels ? { labels } : {}) },
    spec: {
      group,
      scope,
      names: { plural: `${singular}s`, singular, kind, listKind: `${kind}List` },
      versions: versions.map((version, i) =>
        typeof version === 'string'
          ? { name: version, served: true, storage: i === 0, schema: { openAPIV3Schema: schema } }
          : version,
      ),
    },
  };
}

export interface Defined {
  readonly name: string;
  /** Of the definition. */
  readonly path: string;
  /** Of the objects in a version; of those in the test's namespace where the kind has namespaces. */
  objects(version?: string): string;
}

/** Defines a kind, waits until it is established and served as upstream's fixture does; it goes when the test is over. */
export async function define(context: TestContext, options: DefinitionOptions): Promise<Defined> {
  const body = definition(options);
  const { get, create } = rest(context);
  const {
    spec: { group, names, versions },
    metadata: { name },
  } = body;
  context.cleanup(() => rest({ ...context, signal: AbortSignal.timeout(SERVED_MS) }).delete(`${DEFINITIONS}/${name}`));
  await create(DEFINITIONS, body);
  await until(context, `${name} being established`, SERVED_MS, async () =>
    isEstablished(await get(`${DEFINITIONS}/${name}`)),
  );
  const place = options.scope === 'Cluster' ? '' : `/namespaces/${context.namespace}`;
  const objects = (version: string = versions[0].name): string => `/apis/${group}/${version}${place}/${names.plural}`;
  for (const version of versions) {
    if (version.served)
      await until(context, `${name} being served in ${version.name}`, SERVED_MS, () =>
        isServed(() => get(objects(version.name))),
      );
  }
  return { name, path: `${DEFINITIONS}/${name}`, objects };
}

export const isEstablished = ({ status }: Json): boolean =>
  status?.conditions?.some((condition: Json) => condition.type === 'Established' && condition.status === 'True') ??
  false;

async function isServed(get: () => Promise<Json>): Promise<boolean> {
  try {
    await get();
    return true;
  } catch {
    return false;
  }
}
