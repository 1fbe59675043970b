import { DEFAULT_STORAGE_CLASS, type PersistentVolumeClaim, storageClass } from '@navarch/api';
import { defaultOf } from '../default-class.ts';
import { defineAdmissionPlugin } from '../admission.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** A claim that asks for no class gets the default one; asking for '' is asking for none. */
export const defaultStorageClass = defineAdmissionPlugin<PersistentVolumeClaim>({
  name: 'DefaultStorageClass',
  on: { resources: ['/persistentvolumeclaims'], operations: ['CREATE'] },
  mutate(draft, _request, { registry }) {
    if (draft.spec.storageClassName !== undefined || draft.metadata.annotations?.[BETA_CLASS] !== undefined)
      return false;
    const standard = defaultOf(registry.of(storageClass), DEFAULT_STORAGE_CLASS);
    if (!standard) return false;
    draft.spec.storageClassName = standard.metadata.name;
    return true;
  },
});
