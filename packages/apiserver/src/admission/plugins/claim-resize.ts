import { type PersistentVolumeClaim, storageClass } from '@navarch/api';
import { compareQuantities, forbidden, parseQuantity } from '@navarch/machinery';
import { defineAdmissionPlugin } from '../admission.ts';

/** A claim grows where it is bound and its class says that its volumes can. */
export const persistentVolumeClaimResize = defineAdmissionPlugin<PersistentVolumeClaim>({
  name: 'PersistentVolumeClaimResize',
  on: { resources: ['/persistentvolumeclaims'], operations: ['UPDATE'] },
  validate(object, _at, { kind, name, previous }, { registry }) {
    const [before, after] = [previous, object].map((claim) =>
      parseQuantity(claim?.spec.resources?.requests?.['storage'] ?? '0'),
    );
    if (!before || !after || compareQuantities(after, before) <= 0) return;
    if (previous?.status.phase !== 'Bound')
      throw forbidden(kind, name, 'Only bound persistent volume claims can be expanded');
    const className =
      object.spec.storageClassName ?? object.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? '';
    const found =
      className === ''
        ? undefined
        : (registry.of(storageClass).find('', className) as { readonly allowVolumeExpansion?: boolean } | undefined);
    if (found?.allowVolumeExpansion !== true) {
      throw forbidden(
        kind,
        name,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    }
  },
});
