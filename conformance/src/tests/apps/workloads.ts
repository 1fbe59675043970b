import assert from 'node:assert/strict';
import { type Container, isReady, pod, type Pod, type PodTemplateSpec } from '@navarch/api';
import { type ApiObject, controllerOf, type Draft, type Kind } from '@navarch/machinery';
import type { TestContext } from '../../conformance-test.ts';
import { request } from '../../requests.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';

export type Labels = Readonly<Record<string, string>>;

/** The web server that most workloads run, and an older one to change to. */
export const WEBSERVER = 'nginx:1.28';
export const OTHER_WEBSERVER = 'nginx:1.27';

export const POD_START_MS = 300_000;
export const POLL_MS = 120_000;

export const selectorOf = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** A template with one container that stops at once when it is told to. */
export const template = (labels: Labels, container: Draft<Container>): Draft<PodTemplateSpec> => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', ...container }] },
});

/** A strategic patch of a template: it runs other images from then on. */
export const imagePatch = (image: string, name = 'main'): unknown => ({
  spec: { template: { spec: { containers: [{ name, image }] } } },
});

export const keyOf = ({ namespace }: TestContext, name: string): string => `${namespace}/${name}`;

export async function podsOf({ api, namespace }: TestContext, labels: Labels): Promise<readonly Pod[]> {
  return (await api.of(pod).list({ namespace, labelSelector: selectorOf(labels) })).items;
}

export const imageOf = (p: { readonly spec: { readonly containers: readonly Pick<Container, 'image'>[] } }): string =>
  p.spec.containers[0]?.image ?? '';

/** Reads an object until it is as wanted, and gives it as it is then. A failure shows the status that it had instead. */
export async function untilObject<O extends ApiObject & { readonly status: unknown }>(
  context: TestContext,
  kind: Kind<O>,
  name: string,
  wanted: { readonly what: string; readonly timeoutMs?: number; isSo(object: O): boolean | Promise<boolean> },
): Promise<O> {
  let last: O | undefined;
  try {
    await until(context, `${kind.singular} ${name} ${wanted.what}`, wanted.timeoutMs ?? POLL_MS, async () =>
      wanted.isSo((last = await context.api.of(kind).get(keyOf(context, name)))),
    );
  } catch (error) {
    context.log(`status of ${name}: ${JSON.stringify(last?.status)}`);
    throw error;
  }
  if (!last) throw new Error(`${name} was never read`);
  return last;
}

/** Waits until there are so many pods of these labels, no more, all running and ready. */
export async function untilRunning(context: TestContext, labels: Labels, count: number): Promise<readonly Pod[]> {
  let pods: readonly Pod[] = [];
  await until(context, `${count} running pods ${selectorOf(labels)}`, POD_START_MS, async () => {
    pods = (await podsOf(context, labels)).filter((p) => !p.metadata.deletionTimestamp);
    return pods.length === count && pods.every((p) => p.status.phase === 'Running' && isReady(p));
  });
  return pods;
}

/** Every pod answers with its own name when it is asked through the API server. */
export async function answerWithTheirNames(context: TestContext, labels: Labels, count: number): Promise<void> {
  const pods = await untilRunning(context, labels, count);
  for (const {
    metadata: { name },
  } of pods) {
    await until(context, `an answer of ${name}`, POLL_MS, async () => {
      const { status, text } = await request(context, {
        path: `/api/v1/namespaces/${context.namespace}/pods/${name}/proxy/`,
        accept: '*/*',
      });
      return status === 200 && text.trim() === name;
    });
  }
}

/** A pod is the controller's from the moment that this comes about, or no longer. */
export const untilOwned = (context: TestContext, name: string, owner: ApiObject, isOwned: boolean): Promise<Pod> =>
  untilObject(context, pod, name, {
    what: isOwned ? `being adopted by ${owner.metadata.name}` : `being released by ${owner.metadata.name}`,
    isSo: (p) =>
      isOwned
        ? controllerOf(p)?.uid === owner.metadata.uid
        : !p.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid),
  });

interface Scale {
  readonly metadata: { readonly resourceVersion?: string; readonly name: string; readonly namespace: string };
  readonly spec: { readonly replicas?: number };
  readonly status: { readonly replicas: number };
}

export const pathOf = ({ namespace }: TestContext, kind: Kind<any>, name: string, subresource: string): string =>
  `${kind.group === '' ? '/api' : `/apis/${kind.group}`}/${kind.version}/namespaces/${namespace}/${kind.plural}/${name}/${subresource}`;

/** What the scale of an object is, and how it is changed: by PUT and by a merge patch, both without a version. */
export function scaleOf(
  context: TestContext,
  kind: Kind<any>,
  name: string,
): {
  get(): Promise<Scale>;
  put(replicas: number): Promise<Scale>;
  patch(replicas: number): Promise<Scale>;
} {
  const path = pathOf(context, kind, name, 'scale');
  const ask = async (method: 'GET' | 'PUT' | 'PATCH', body?: unknown): Promise<Scale> => {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const { status, text } = await request(context, {
      method,
      path,
      contentType,
      ...(body === undefined ? {} : { body }),
    });
    assert.equal(status, 200, text);
    return JSON.parse(text) as Scale;
  };
  const withReplicas = async (replicas: number): Promise<unknown> => {
    const scale = await ask('GET');
    return { ...scale, metadata: { ...scale.metadata, resourceVersion: undefined }, spec: { replicas } };
  };
  return {
    get: () => ask('GET'),
    put: async (replicas) => ask('PUT', await withReplicas(replicas)),
    patch: async (replicas) => ask('PATCH', await withReplicas(replicas)),
  };
}

/** An object of one replica is read, enlarged to two by PUT and to four by PATCH, all through its scale. */
export async function checkScale<O extends ApiObject & { readonly spec: { readonly replicas?: number } }>(
  context: TestContext,
  kind: Kind<O>,
  name: string,
): Promise<void> {
  const scale = scaleOf(context, kind, name);
  const replicas = async (): Promise<number | undefined> =>
    (await context.api.of(kind).get(keyOf(context, name))).spec.replicas;
  const first = await scale.get();
  assert.deepEqual([first.spec.replicas, first.status.replicas], [1, 1]);
  assert.equal((await scale.put(2)).spec.replicas, 2);
  assert.equal(await replicas(), 2);
  await scale.patch(4);
  assert.equal(await replicas(), 4);
}

interface WithConditions {
  readonly status: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status?: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** The status of an object is read, replaced and patched by itself; whoever watches sees each change. */
export async function checkStatus(context: TestContext, kind: Kind<any>, name: string, labels: Labels): Promise<void> {
  type Told = ApiObject & WithConditions;
  const api = context.api.of<Told>(kind);
  const { namespace } = context;
  const { resourceVersion } = await api.list({ namespace, labelSelector: selectorOf(labels) });
  const { status, text } = await request(context, { path: pathOf(context, kind, name, 'status') });
  assert.equal(status, 200, text);
  assert.equal((JSON.parse(text) as Told).metadata.uid, (await api.get(keyOf(context, name))).metadata.uid);

  const events = watching<Told>(context, kind, {
    namespace,
    labelSelector: selectorOf(labels),
    after: resourceVersion,
  });
  const untilTold = (condition: {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }) =>
    events.next(
      `the condition ${condition.type} in an event`,
      POLL_MS,
      ({ object }) =>
        object.metadata.name === name &&
        (object.status.conditions ?? []).some((held) =>
          Object.entries(condition).every(([field, value]) => (held as Record<string, unknown>)[field] === value),
        ),
    );

  const set = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  const updated = await api.update(
    keyOf(context, name),
    (held) => ({ ...held, status: { ...held.status, conditions: [...(held.status.conditions ?? []), set] } }),
    { subresource: 'status' },
  );
  assert.ok(updated.status.conditions?.some(({ type, reason }) => type === set.type && reason === set.reason));
  await untilTold(set);
  const patched = { type: 'StatusPatched', status: 'True' };
  await api.patch(
    keyOf(context, name),
    { type: 'merge', body: { status: { conditions: [patched] } } },
    { subresource: 'status' },
  );
  await untilTold(patched);
}
