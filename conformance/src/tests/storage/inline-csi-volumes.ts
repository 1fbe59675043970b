import assert from 'node:assert/strict';
import { pod } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest } from '../../conformance-test.ts';
import { createPod } from '../../pods.ts';
import { isDeleted } from './lifecycles.ts';

/** The driver does not exist: only what the API makes of such volumes is looked at. */
export const inlineCsiVolumeTest = conformanceTest(
  '[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API',
  async (context) => {
    const name = 'pod-csi-inline-volumes';
    const driver = 'e2e.example.com';
    const api = context.api.of(pod);
    const make = (): ReturnType<typeof createPod> =>
      createPod(context, name, {
        volumes: [
          { name: 'csi-inline-vol1', csi: { driver } },
          { name: 'csi-inline-vol2', csi: { driver, fsType: 'ext4', readOnly: true } },
        ],
        containers: [
          {
            name,
            image: 'busybox',
            command: ['sh', '-c', 'ls /mnt/*'],
            volumeMounts: [
              { name: 'csi-inline-vol1', mountPath: '/mnt/vol1' },
              { name: 'csi-inline-vol2', mountPath: '/mnt/vol2' },
            ],
          },
        ],
      });
    const made = await make();
    await assert.rejects(make(), (error) => hasReason(error, 'AlreadyExists'));
    const key = `${context.namespace}/${name}`;
    assert.equal((await api.get(key)).metadata.uid, made.metadata.uid);
    assert.equal((await api.list({ namespace: context.namespace })).items.length, 1);
    const patched = await api.patch(key, { type: 'merge', body: { metadata: { annotations: { patched: 'true' } } } });
    assert.equal(patched.metadata.annotations?.['patched'], 'true');
    await api.delete(key);
    await isDeleted(api, key);
  },
);
