import {
  persistentVolume,
  type PersistentVolume,
  persistentVolumeClaim,
  type PersistentVolumeClaim,
  pod,
} from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { named } from '../drafts.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

export const addVolume = (world: World, name: string, storage: string, spec: object = {}): Promise<PersistentVolume> =>
  world.create(persistentVolume, {
    metadata: { name },
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path: `/data/${name}` },
      ...spec,
    } as Draft<PersistentVolume>['spec'],
  });

export const addClaim = (
  world: World,
  name: string,
  storage: string,
  spec: object = {},
): Promise<PersistentVolumeClaim> =>
  world.create(persistentVolumeClaim, {
    metadata: named(name),
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage } },
      storageClassName: '',
      ...spec,
    } as Draft<PersistentVolumeClaim>['spec'],
  });

export const boundTo = (view: View, name: string): string | undefined => {
  const found = view.get(persistentVolumeClaim, `default/${name}`);
  return found?.status.phase === 'Bound' ? found.spec.volumeName : undefined;
};

export const phaseOf = (view: View, name: string): string | undefined => view.get(persistentVolume, name)?.status.phase;

/** A volume `v` that claim `c` is bound to, and both say so. */
export async function bindOne(world: World): Promise<void> {
  await addVolume(world, 'v', '1Gi');
  await addClaim(world, 'c', '1Gi');
  await world.until('it is bound', (view) => boundTo(view, 'c') === 'v' && phaseOf(view, 'v') === 'Bound');
}

/** A pod `p` that uses claim `c`, and runs. */
export async function runWithClaim(world: World, nodeName?: string): Promise<void> {
  await world.create(pod, {
    metadata: named('p'),
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      containers: [{ name: 'c', image: 'v1' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
    },
  });
  await world.until('it runs', (view) => view.get(pod, 'default/p')?.status.phase === 'Running');
}
