import assert from 'node:assert/strict';
import {
  persistentVolume,
  type PersistentVolume,
  persistentVolumeClaim,
  type PersistentVolumeClaim,
} from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { getJson } from '../../requests.ts';
import { patchLabel, relabel, untilNone } from './lifecycles.ts';

interface Pair {
  readonly volume: PersistentVolume;
  readonly claim: PersistentVolumeClaim;
}

/** A claim and a volume made for each other, by a class of their own; the volume's driver does not exist. */
async function makePair(
  { api, namespace, unique, cleanup }: TestContext,
  driver: string,
  volumeHandle: string,
): Promise<Pair> {
  const volume = await api.of(persistentVolume).create({
    metadata: {
      generateName: `${namespace}-`,
      labels: { 'e2e-pv-pool': unique },
      annotations: { 'pv.beta.kubernetes.io/gid': '777' },
    },
    spec: {
      persistentVolumeReclaimPolicy: 'Retain',
      capacity: { storage: '2Gi' },
      csi: { driver, volumeHandle },
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'],
      storageClassName: namespace,
    },
  });
  cleanup(() => api.of(persistentVolume).delete(volume.metadata.name));
  const claim = await api.of(persistentVolumeClaim).create({
    metadata: { generateName: 'pvc-', namespace },
    spec: {
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'],
      resources: { requests: { storage: '2Gi' } },
      storageClassName: namespace,
    },
  });
  return { volume, claim };
}

/** The one volume and the one claim that a list gives. */
async function listPair({ api, namespace, unique }: TestContext): Promise<Pair> {
  const { items: volumes } = await api.of(persistentVolume).list({ labelSelector: `e2e-pv-pool=${unique}` });
  const { items: claims } = await api.of(persistentVolumeClaim).list({ namespace });
  assert.deepEqual([volumes.length, claims.length], [1, 1]);
  const [volume, claim] = [volumes[0], claims[0]];
  assert.ok(volume && claim);
  for (const { metadata } of [volume, claim]) assert.match(metadata.resourceVersion ?? '', /^[1-9]\d*$/);
  return { volume, claim };
}

const lifecycle = conformanceTest(
  '[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC',
  async (context) => {
    const { api, namespace, unique } = context;
    const volumes = api.of(persistentVolume);
    const claims = api.of(persistentVolumeClaim);
    const driver = `inline-driver-${unique}`;
    await makePair(context, driver, 'e2e-conformance');
    const { volume, claim } = await listPair(context);
    const claimKey = `${namespace}/${claim.metadata.name}`;
    await patchLabel(volumes, volume, volume.metadata.name, 'strategic');
    await patchLabel(claims, claim, claimKey, 'strategic');
    assert.equal((await volumes.get(volume.metadata.name)).metadata.uid, volume.metadata.uid);
    assert.equal((await claims.get(claimKey)).metadata.uid, claim.metadata.uid);
    await claims.delete(claimKey);
    await untilNone(context, claims, { namespace });
    await volumes.delete(volume.metadata.name);
    await untilNone(context, volumes, { labelSelector: `e2e-pv-pool=${unique}` });

    const next = await makePair(context, driver, 'e2e-conformance');
    const [volumeName, claimName] = [next.volume.metadata.name, next.claim.metadata.name];
    const newVolume = await relabel(volumes, volumeName, ({ metadata }) => ({
      ...metadata.labels,
      [volumeName]: 'updated',
    }));
    assert.equal(newVolume.metadata.labels?.[volumeName], 'updated');
    const newClaim = await relabel(claims, `${namespace}/${claimName}`, () => ({ [claimName]: 'updated' }));
    assert.equal(newClaim.metadata.labels?.[claimName], 'updated');
    const ofClaim = { labelSelector: `${claimName}=updated` };
    assert.equal((await claims.list(ofClaim)).items.length, 1);
    await claims.deleteCollection({ namespace, ...ofClaim });
    await untilNone(context, claims, { namespace, ...ofClaim });
    const ofVolume = { labelSelector: `${volumeName}=updated` };
    await volumes.deleteCollection(ofVolume);
    await untilNone(context, volumes, ofVolume);
  },
);

const status = conformanceTest(
  '[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status',
  async (context) => {
    const { api, namespace, unique } = context;
    const volumes = api.of(persistentVolume);
    const claims = api.of(persistentVolumeClaim);
    await makePair(context, `e2e-driver-${unique}`, 'e2e-status-conformance');
    const {
      volume: {
        metadata: { name },
      },
      claim: {
        metadata: { name: claimName },
      },
    } = await listPair(context);
    const key = `${namespace}/${claimName}`;
    const part = { subresource: 'status' } as const;

    const readClaim = await getJson<PersistentVolumeClaim>(
      context,
      `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claimName}/status`,
    );
    assert.match(readClaim.status?.phase ?? '', /^(Pending|Bound)$/);
    const readVolume = await getJson<PersistentVolume>(context, `/api/v1/persistentvolumes/${name}/status`);
    assert.match(readVolume.status.phase ?? '', /^(Available|Bound|Pending)$/);

    const condition = (type: string, reason: string) =>
      ({ type, status: 'True', reason, message: 'Set from e2e test' }) as const;
    const hasCondition = ({ status: of }: PersistentVolumeClaim, wanted: ReturnType<typeof condition>): void => {
      const { type, reason, message } = of?.conditions?.find((each) => each.type === wanted.type) ?? {};
      assert.deepEqual(
        { type, reason, message },
        { type: wanted.type, reason: wanted.reason, message: wanted.message },
      );
    };
    const patched = condition('StatusPatched', 'E2E patchedStatus');
    hasCondition(
      await claims.patch(key, { type: 'merge', body: { status: { conditions: [patched] } } }, part),
      patched,
    );
    const { status: told } = await volumes.patch(
      name,
      { type: 'merge', body: { status: { message: 'StatusPatched', reason: 'E2E patchStatus' } } },
      part,
    );
    assert.deepEqual([told.message, told.reason], ['StatusPatched', 'E2E patchStatus']);

    const updated = condition('StatusUpdated', 'E2E updateStatus');
    hasCondition(
      await claims.update(
        key,
        (current) => ({
          ...current,
          status: { ...current.status, conditions: [...(current.status?.conditions ?? []), updated] },
        }),
        part,
      ),
      updated,
    );
    const { status: last } = await volumes.update(
      name,
      (current) => ({
        ...current,
        status: { ...current.status, reason: 'E2E updateStatus', message: 'StatusUpdated' },
      }),
      part,
    );
    assert.deepEqual([last.message, last.reason], ['StatusUpdated', 'E2E updateStatus']);
  },
);

export const persistentVolumeTests = [lifecycle, status];
