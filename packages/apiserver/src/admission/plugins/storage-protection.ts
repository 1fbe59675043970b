import type { ApiObject } from '@navarch/machinery';
import { type AdmissionPlugin, defineAdmissionPlugin } from '../admission.ts';

const protection = (resource: string, finalizer: string, name = 'StorageObjectInUseProtection'): AdmissionPlugin =>
  defineAdmissionPlugin<ApiObject>({
    name,
    on: { resources: [resource], operations: ['CREATE'] },
    mutate({ metadata }) {
      if (metadata.finalizers?.includes(finalizer)) return false;
      metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
      return true;
    },
  });

/** Claims, volumes and classes of their attributes stay while they are used: controllers take the finalizers away when they are not. */
export const claimProtection = protection('/persistentvolumeclaims', 'kubernetes.io/pvc-protection');
export const volumeProtection = protection('/persistentvolumes', 'kubernetes.io/pv-protection');
export const attributesClassProtection = protection(
  'storage.k8s.io/volumeattributesclasses',
  'kubernetes.io/vac-protection',
);
/** Groups of pods stay while they have pods that run. */
export const podGroupProtection = protection(
  'scheduling.k8s.io/podgroups',
  'scheduling.k8s.io/podgroup-protection',
  'PodGroupProtection',
);
