import assert from 'node:assert/strict';
import { csiStorageCapacity } from '@navarch/api';
import { type ApiObject, type Draft, hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { getJson } from '../../requests.ts';
import { watching } from '../../watches.ts';

const WATCH_MS = 30_000;
const GROUP = 'storage.k8s.io';

interface ApiGroup {
  readonly name: string;
  readonly versions: readonly { readonly version: string }[];
}
interface Resources {
  readonly resources: readonly { readonly name: string }[];
}

async function isDiscoverable(context: TestContext): Promise<void> {
  const hasVersion = (group?: ApiGroup): boolean => group?.versions.some(({ version }) => version === 'v1') ?? false;
  const { groups } = await getJson<{ readonly groups: readonly ApiGroup[] }>(context, '/apis');
  assert.ok(hasVersion(groups.find(({ name }) => name === GROUP)), `${GROUP}/v1 is not in /apis`);
  assert.ok(hasVersion(await getJson<ApiGroup>(context, `/apis/${GROUP}`)), `v1 is not in /apis/${GROUP}`);
  const { resources } = await getJson<Resources>(context, `/apis/${GROUP}/v1`);
  assert.ok(
    resources.some(({ name }) => name === 'csistoragecapacities'),
    `csistoragecapacities is not in /apis/${GROUP}/v1`,
  );
}

export const storageCapacityTest = conformanceTest(
  '[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations',
  async (context) => {
    const { namespace, unique } = context;
    await isDiscoverable(context);
    const api = context.api.of(csiStorageCapacity);
    const name = `csc-${unique}-1`;
    const key = `${namespace}/${name}`;
    const draft = (number: number): Draft<Awaited<ReturnType<typeof api.get>>> => ({
      metadata: { name: `csc-${unique}-${number}`, namespace, labels: { test: unique } },
      storageClassName: 'e2e.example.com',
    });
    const made = await api.create(draft(1));
    await assert.rejects(api.create(draft(1)), (error) => hasReason(error, 'AlreadyExists'));
    await api.create(draft(2));

    const labelSelector = `test=${unique}`;
    const { resourceVersion: after } = await api.list({ namespace, labelSelector });
    const watches = [
      watching(context, csiStorageCapacity, { namespace, labelSelector, after }),
      watching(context, csiStorageCapacity, { labelSelector, after }),
    ];
    await api.create(draft(3));
    assert.equal((await api.get(key)).metadata.uid, made.metadata.uid);
    assert.equal((await api.list({ namespace, labelSelector })).items.length, 3);
    assert.equal((await api.list({ labelSelector })).items.length, 3);
    const patched = await api.patch(key, { type: 'merge', body: { metadata: { annotations: { patched: 'true' } } } });
    assert.equal(patched.metadata.annotations?.['patched'], 'true');
    const updated = await api.replace({
      ...patched,
      metadata: { ...patched.metadata, annotations: { ...patched.metadata.annotations, updated: 'true' } },
    });
    assert.equal(updated.metadata.annotations?.['updated'], 'true');
    const has =
      (annotation: string) =>
      ({ type, object }: { readonly type: string; readonly object: ApiObject }): boolean =>
        type === 'MODIFIED' && object.metadata.annotations?.[annotation] === 'true';
    for (const watch of watches) {
      await watch.next(
        'the third capacity',
        WATCH_MS,
        ({ type, object }) => type === 'ADDED' && object.metadata.name === `csc-${unique}-3`,
      );
      await watch.next('the patch', WATCH_MS, has('patched'));
      await watch.next('the update', WATCH_MS, has('updated'));
    }
    await api.delete(key);
    await assert.rejects(api.get(key), (error) => hasReason(error, 'NotFound'));
    assert.equal((await api.list({ namespace, labelSelector })).items.length, 2);
    await api.deleteCollection({ namespace, labelSelector });
    assert.equal((await api.list({ namespace, labelSelector })).items.length, 0);
  },
);
