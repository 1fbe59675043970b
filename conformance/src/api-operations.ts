import assert from 'node:assert/strict';
import type { ApiObject, Draft, Kind } from '@navarch/machinery';
import type { TestContext } from './conformance-test.ts';
import { getJson } from './requests.ts';
import { until } from './until.ts';
import { watching } from './watches.ts';

interface GroupDocument {
  readonly versions: readonly { readonly version: string }[];
}

/** What an operations test needs to know of a kind beyond the kind itself. */
export interface Operations<O extends ApiObject> {
  readonly kind: Kind<O>;
  /** Its metadata gets a name and the label of the test. */
  readonly template: Draft<O>;
  /** A merge patch of `status`, where the kind has that subresource, and what must be so after it. */
  readonly status?: {
    readonly patch: object;
    readonly replaced: (object: O) => O;
    isPatched(object: O): boolean;
    isReplaced(object: O): boolean;
    /** Whoever writes the status changes nothing else, not even annotations. */
    readonly isAlone?: boolean;
  };
}

const WATCH_MS = 60_000;

/** The group, its version and the resource are in the discovery documents, as a client without aggregated discovery reads them. */
export async function isDiscovered(context: TestContext, { group, version, plural }: Kind<any>): Promise<void> {
  const { groups } = await getJson<{ readonly groups: readonly (GroupDocument & { readonly name: string })[] }>(
    context,
    '/apis',
  );
  const listed = groups.find(({ name }) => name === group);
  assert.ok(
    listed?.versions.some((one) => one.version === version),
    `${group}/${version} is not in /apis`,
  );
  const own = await getJson<GroupDocument>(context, `/apis/${group}`);
  assert.ok(
    own.versions.some((one) => one.version === version),
    `${version} is not in /apis/${group}`,
  );
  const { resources } = await getJson<{ readonly resources: readonly { readonly name: string }[] }>(
    context,
    `/apis/${group}/${version}`,
  );
  assert.ok(
    resources.some(({ name }) => name === plural),
    `${plural} is not in /apis/${group}/${version}`,
  );
}

/** Everything that can be done to objects of a kind: three of them are made, read, watched, changed and removed. */
export async function runOperations<O extends ApiObject>(
  context: TestContext,
  { kind, template, status }: Operations<O>,
): Promise<void> {
  await isDiscovered(context, kind);
  const api = context.api.of(kind);
  const labelSelector = `special-label=${context.unique}`;
  const scope = kind.namespaced ? { namespace: context.namespace } : {};
  const keyOf = (name: string): string => (kind.namespaced ? `${context.namespace}/${name}` : name);
  const collection = { ...scope, labelSelector };
  context.cleanup(() => api.deleteCollection(collection));

  const made: O[] = [];
  for (let i = 0; i < 3; i += 1) {
    const metadata = {
      ...template.metadata,
      ...scope,
      generateName: `e2e-example-${kind.singular}-`,
      labels: { 'special-label': context.unique },
    };
    made.push(await api.create({ ...template, metadata } as Draft<O>));
  }
  const last = made[2] as O;
  const name = last.metadata.name;
  assert.equal((await api.get(keyOf(name))).metadata.uid, last.metadata.uid);
  const list = await api.list(collection);
  assert.equal(list.items.length, 3, 'objects with the label in the namespace');
  assert.equal((await api.list({ labelSelector })).items.length, 3, 'objects with the label in all namespaces');
  const watch = watching(context, kind, { ...collection, after: list.resourceVersion });

  const patched = await api.patch(keyOf(name), {
    type: 'merge',
    body: { metadata: { annotations: { patched: 'true' } } },
  });
  assert.equal(patched.metadata.annotations?.['patched'], 'true');
  assert.ok(
    BigInt(patched.metadata.resourceVersion ?? 0) > BigInt(last.metadata.resourceVersion ?? 0),
    'a change has a later resourceVersion',
  );
  const updated = await api.replace({
    ...patched,
    metadata: { ...patched.metadata, annotations: { ...patched.metadata.annotations, updated: 'true' } },
  });
  assert.equal(updated.metadata.annotations?.['updated'], 'true');
  await watch.next(
    'the patch in the watch',
    WATCH_MS,
    ({ type, object }) => type === 'MODIFIED' && object.metadata.annotations?.['patched'] === 'true',
  );
  await until(context, 'the update in the watch', WATCH_MS, async () =>
    watch.changes.some(({ object }) => object.metadata.annotations?.['updated'] === 'true'),
  );

  if (status) await changeStatus(context, kind, keyOf(name), status);

  await api.delete(keyOf(name));
  await until(context, 'the end of one object', WATCH_MS, async () => {
    const { items } = await api.list(collection);
    return items.every((object) => object.metadata.name !== name);
  });
  await until(context, 'the deletion in the watch', WATCH_MS, async () =>
    watch.changes.some(({ type, object }) => type === 'DELETED' && object.metadata.name === name),
  );
  assert.equal((await api.list(collection)).items.length, 2);
  await api.deleteCollection(collection);
  await until(context, 'the end of all objects', WATCH_MS, async () => (await api.list(collection)).items.length === 0);
}

async function changeStatus<O extends ApiObject>(
  context: TestContext,
  kind: Kind<O>,
  key: string,
  { patch, replaced, isPatched, isReplaced, isAlone = false }: NonNullable<Operations<O>['status']>,
): Promise<void> {
  const api = context.api.of(kind);
  const body = { metadata: { annotations: { patchedstatus: 'true' } }, status: patch };
  const after = await api.patch(key, { type: 'merge', body }, { subresource: 'status' });
  assert.ok(isPatched(after), `status after the patch: ${JSON.stringify(after)}`);
  const written = after.metadata.annotations?.['patchedstatus'] === 'true';
  assert.equal(written, !isAlone, `annotations may ${isAlone ? 'not ' : ''}be written with the status`);
  assert.ok(isReplaced(await api.update(key, replaced, { subresource: 'status' })), 'status after the update');
  const [namespace, name] = kind.namespaced ? key.split('/') : [undefined, key];
  const read = await getJson<O>(
    context,
    `/apis/${kind.group}/${kind.version}${namespace ? `/namespaces/${namespace}` : ''}/${kind.plural}/${name}/status`,
  );
  assert.equal(read.metadata.uid, after.metadata.uid, 'the object at /status');
  assert.ok(isReplaced(read), 'status at /status');
}
