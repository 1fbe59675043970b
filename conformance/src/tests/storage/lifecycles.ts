import assert from 'node:assert/strict';
import { csiDriver, csiNode, node, storageClass, volumeAttachment, volumeAttributesClass } from '@navarch/api';
import type { KindApi } from '@navarch/client';
import { type ApiObject, type Draft, hasReason, type Kind } from '@navarch/machinery';
import { type ConformanceTest, conformanceTest, type TestContext } from '../../conformance-test.ts';
import { until } from '../../until.ts';

const GONE_MS = 30_000;

/** Every object with the label goes within the time that upstream's tests give it. */
export const untilNone = <O extends ApiObject>(
  context: TestContext,
  api: KindApi<O>,
  options: { readonly labelSelector?: string; readonly namespace?: string },
): Promise<void> =>
  until(
    context,
    `no object left with ${options.labelSelector ?? 'this kind'}`,
    GONE_MS,
    async () => (await api.list(options)).items.length === 0,
  );

/** Sets a label by a patch that a client may send, and looks at the answer. */
export async function patchLabel<O extends ApiObject>(
  api: KindApi<O>,
  object: O,
  key: string,
  type: 'merge' | 'strategic',
  value = 'patched',
): Promise<O> {
  const { name, resourceVersion } = object.metadata;
  const patched = await api.patch(key, { type, body: { metadata: { labels: { [name]: value } } } });
  assert.equal(patched.metadata.labels?.[name], value);
  assert.ok(
    BigInt(patched.metadata.resourceVersion ?? '0') > BigInt(resourceVersion ?? '0'),
    'a patched object has a larger resourceVersion',
  );
  return patched;
}

/** Replaces an object as a client does that reads, changes and writes. */
export const relabel = <O extends ApiObject>(
  api: KindApi<O>,
  key: string,
  labels: (current: O) => Readonly<Record<string, string>>,
): Promise<O> =>
  api.update(key, (current) => ({ ...current, metadata: { ...current.metadata, labels: labels(current) } }));

export async function isDeleted<O extends ApiObject>(api: KindApi<O>, key: string): Promise<void> {
  try {
    const { metadata } = await api.get(key);
    assert.ok(metadata.deletionTimestamp, `${key} is neither gone nor going`);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

interface Lifecycle<O extends ApiObject> {
  readonly kind: Kind<O>;
  readonly patch: 'merge' | 'strategic';
  /** How many are made after the first, to be deleted together. */
  readonly replacements: number;
  draft(context: TestContext, round: number): Promise<Draft<O>>;
}

/** Made, read, patched, listed, deleted; then others, updated and deleted as a collection. */
async function live<O extends ApiObject>(
  context: TestContext,
  { kind, patch, replacements, draft }: Lifecycle<O>,
): Promise<void> {
  const api = context.api.of(kind);
  const made = await api.create(await draft(context, 0));
  const { name } = made.metadata;
  const found = await api.get(name);
  assert.deepEqual([found.metadata.name, found.metadata.uid], [name, made.metadata.uid]);
  await patchLabel(api, found, name, patch);
  const labelSelector = `${name}=patched`;
  assert.equal((await api.list({ labelSelector })).items.length, 1);
  await api.delete(name);
  await untilNone(context, api, { labelSelector });

  const label = `e2e-${context.unique}`;
  for (let round = 1; round <= replacements; round += 1) {
    const { metadata } = await api.create(await draft(context, round));
    assert.equal((await api.get(metadata.name)).metadata.name, metadata.name);
    const updated = await relabel(api, metadata.name, () => ({ [label]: 'updated' }));
    assert.equal(updated.metadata.labels?.[label], 'updated');
  }
  const updated = { labelSelector: `${label}=updated` };
  assert.equal((await api.list(updated)).items.length, replacements);
  await api.deleteCollection(updated);
  await untilNone(context, api, updated);
}

const prefix = (round: number): { readonly generateName: string } => ({
  generateName: round === 0 ? 'e2e-' : 'e2e-v2-',
});
const nameLike = (start: string, { unique }: TestContext, round: number): string => `${start}-${unique}-${round}`;

const drivers = conformanceTest(
  '[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver',
  async (context) => {
    const api = context.api.of(csiDriver);
    const labels = { 'e2e-test': context.unique };
    const [ephemeral, both] = [nameLike('inline-driver', context, 1), nameLike('inline-driver', context, 2)] as const;
    const draft = (
      name: string,
      volumeLifecycleModes: ('Ephemeral' | 'Persistent')[],
    ): Draft<Awaited<ReturnType<typeof api.get>>> => ({
      metadata: { name, labels },
      spec: { volumeLifecycleModes, fsGroupPolicy: 'ReadWriteOnceWithFSType' },
    });
    const first = await api.create(draft(ephemeral, ['Ephemeral']));
    const second = await api.create(draft(both, ['Persistent', 'Ephemeral']));
    context.cleanup(() => api.deleteCollection({ labelSelector: `e2e-test=${context.unique}` }));
    await assert.rejects(api.create(draft(ephemeral, ['Ephemeral'])), (error) => hasReason(error, 'AlreadyExists'));
    assert.equal((await api.get(ephemeral)).metadata.uid, first.metadata.uid);
    assert.equal((await api.get(both)).metadata.uid, second.metadata.uid);
    await patchLabel(api, second, both, 'strategic');
    const updated = await relabel(api, both, ({ metadata }) => ({ ...metadata.labels, [both]: 'updated' }));
    assert.equal(updated.metadata.labels?.[both], 'updated');
    assert.equal((await api.list({ labelSelector: `e2e-test=${context.unique}` })).items.length, 2);
    await api.delete(ephemeral);
    await isDeleted(api, ephemeral);
    await api.deleteCollection({ labelSelector: `${both}=updated` });
    await isDeleted(api, both);
  },
);

/** Says that a volume is to be attached to some node: no driver is there to do it. */
export async function attachmentDraft(
  context: TestContext,
  round: number,
): Promise<{ readonly name: string; readonly draft: Draft<Attachment> }> {
  const nodes = (await context.api.of(node).list()).items;
  const nodeName = nodes[Number.parseInt(context.unique, 16) % nodes.length]?.metadata.name ?? '';
  const name = nameLike('va-e2e', context, round);
  const source = { persistentVolumeName: name.replace('va', 'pv') };
  return {
    name,
    draft: {
      metadata: { uid: name, name },
      spec: { attacher: 'e2e-test.storage.k8s.io', nodeName, source },
      status: { attached: false },
    },
  };
}
type Attachment = typeof volumeAttachment extends Kind<infer O> ? O : never;

const lifecycle = <O extends ApiObject>(name: string, life: Lifecycle<O>): ConformanceTest =>
  conformanceTest(`[sig-storage] ${name}`, (context) => live(context, life));

export const lifecycleTests: readonly ConformanceTest[] = [
  drivers,
  lifecycle('StorageClasses CSI Conformance should run through the lifecycle of a StorageClass', {
    kind: storageClass,
    patch: 'strategic',
    replacements: 1,
    draft: async (_context, round) => ({ metadata: prefix(round), provisioner: 'e2e-fake-provisioner' }),
  }),
  lifecycle('VolumeAttributesClass should run through the lifecycle of a VolumeAttributesClass', {
    kind: volumeAttributesClass,
    patch: 'strategic',
    replacements: 1,
    draft: async (_context, round) => ({
      metadata: prefix(round),
      driverName: 'e2e-fake-csi-driver',
      parameters: { foo: 'bar' },
    }),
  }),
  lifecycle('CSINodes CSI Conformance should run through the lifecycle of a csinode', {
    kind: csiNode,
    patch: 'strategic',
    replacements: 1,
    draft: async (context, round) => ({
      metadata: { name: nameLike('e2e-csinode', context, round) },
      spec: { drivers: [] },
    }),
  }),
  lifecycle('VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment', {
    kind: volumeAttachment,
    patch: 'merge',
    replacements: 2,
    draft: async (context, round) => (await attachmentDraft(context, round)).draft,
  }),
];
