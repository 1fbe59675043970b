import { dnsLabelErrors, dnsSubdomainErrors, equalJson, type Field, type Kind, type Mutable } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { fractionWarnings, isGreater, quantityPositive, resourceQuantity } from '../../checks/quantities.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { named, supportedValue } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../generated/types/core-v1.ts';
import { statusPart } from '../../parts.ts';
import { shortModes, validateAccessModes } from './access-modes.ts';

const CLASS = 'volume.beta.kubernetes.io/storage-class';

export const persistentVolumeClaim: Kind<PersistentVolumeClaim> = builtIn<PersistentVolumeClaim>('/v1.PersistentVolumeClaim', {
  columns: columnsOf('/PersistentVolumeClaim', {
    Status: (c) => (c.metadata.deletionTimestamp ? 'Terminating' : (c.status.phase ?? '')),
    Volume: (c) => c.spec.volumeName ?? '',
    Capacity: (c) => (c.spec.volumeName ? (c.status.capacity?.['storage'] ?? '') : ''),
    'Access Modes': (c) => (c.spec.volumeName ? shortModes(c.status.accessModes) : ''),
    StorageClass: (c) => classOf(c) ?? '',
    VolumeAttributesClass: (c) => c.spec.volumeAttributesClassName ?? '<unset>',
    VolumeMode: (c) => c.spec.volumeMode ?? '<unset>',
  }),
  behaviour: {
    desired: false,
    complete(c) {
      c.status.phase ??= 'Pending';
      completeClaimSpec(c.spec);
    },
    prepareCreate(c) {
      c.status = { phase: 'Pending' };
      completeDataSource(c.spec);
    },
    validate: ({ spec }, at) => validateClaimSpec(spec, at.at('spec')),
    validateUpdate,
    warnings: ({ metadata, spec }) => [
      ...(metadata.annotations?.[CLASS] === undefined ? [] : [`metadata.annotations[${CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
      ...fractionWarnings(spec.resources.requests, 'spec.resources.requests'), ...fractionWarnings(spec.resources.limits, 'spec.resources.limits'),
    ],
    parts: {
      status: statusPart({
        validate(c, _previous, at) {
          if (c.status.accessModes) validateAccessModes(c.status.accessModes, at.at('status', 'accessModes'), '');
          for (const [name, text] of Object.entries(c.status.capacity ?? {})) resourceQuantity(name, text, at.at('status', 'capacity').key(name));
        },
      }),
    },
  },
});

const classOf = (c: PersistentVolumeClaim): string | undefined => c.metadata.annotations?.[CLASS] ?? c.spec.storageClassName;

export function completeClaimSpec(spec: Mutable<PersistentVolumeClaimSpec>): void {
  spec.volumeMode ??= 'Filesystem';
}

const GROUPS = new Map([['PersistentVolumeClaim', ''], ['VolumeSnapshot', 'snapshot.storage.k8s.io']]);

/** The older field and the newer one say the same, whichever was given (KEP-1495). */
function completeDataSource(spec: Mutable<PersistentVolumeClaimSpec>): void {
  const { dataSource, dataSourceRef } = spec;
  // The older field knows two kinds only; another was never valid and is dropped.
  if (dataSource && GROUPS.get(dataSource.kind) !== (dataSource.apiGroup ?? '')) delete spec.dataSource;
  if (spec.dataSource && !dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace && GROUPS.get(dataSourceRef.kind) === (dataSourceRef.apiGroup ?? '')) {
    const { apiGroup, kind, name } = dataSourceRef;
    spec.dataSource = { apiGroup, kind, name };
  }
}

/** Claims of themselves and of pods' ephemeral volumes. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, at: Field): void {
  validateAccessModes(spec.accessModes, at.at('accessModes'), 'at least 1 access mode is required');
  labelSelector(spec.selector, at.at('selector'));
  const storage = spec.resources.requests?.['storage'];
  const storageAt = at.at('resources').key('storage');
  if (storage === undefined) storageAt.required();
  else {
    resourceQuantity('storage', storage, storageAt);
    quantityPositive(storage, storageAt);
  }
  if (spec.storageClassName) named(spec.storageClassName, dnsSubdomainErrors, at.at('storageClassName'));
  if (spec.volumeMode !== undefined) supportedValue(spec.volumeMode, ['Block', 'Filesystem'], at.at('volumeMode'));
  if (spec.dataSource) validateReference(spec.dataSource, at.at('dataSource'));
  if (spec.dataSourceRef) validateReference(spec.dataSourceRef, at.at('dataSourceRef'));
  if (spec.dataSourceRef?.namespace) {
    named(spec.dataSourceRef.namespace, dnsLabelErrors, at.at('dataSourceRef', 'namespace'));
    if (spec.dataSource) at.at('dataSource').invalid(spec.dataSource, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (spec.dataSource && spec.dataSourceRef && !equalJson({ ...spec.dataSource }, { ...spec.dataSourceRef })) {
    at.invalid(at.path, 'must match dataSourceRef');
  }
  if (spec.volumeAttributesClassName) named(spec.volumeAttributesClassName, dnsSubdomainErrors, at.at('volumeAttributesClassName'));
}

function validateReference(reference: { readonly apiGroup?: string | null; readonly kind: string; readonly name: string }, at: Field): void {
  if (!reference.name) at.at('name').required();
  if (!reference.kind) at.at('kind').required();
  const group = reference.apiGroup ?? '';
  if (group === '' && reference.kind !== 'PersistentVolumeClaim') at.invalid(reference.kind, '');
  if (group !== '') named(group, dnsSubdomainErrors, at.at('apiGroup'));
}

/** A claim's wishes stay; a bound one may ask for more room and another class of attributes. */
function validateUpdate(next: PersistentVolumeClaim, previous: PersistentVolumeClaim, at: Field): void {
  const isBound = next.status.phase === 'Bound';
  if (!equalJson(fixedPart(next, previous, isBound), fixedPart(previous, previous, isBound))) {
    at.at('spec').forbidden('spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims');
  }
  const [wanted, before] = [next.spec.resources.requests?.['storage'], previous.spec.resources.requests?.['storage']];
  if (isBound && isGreater(before, wanted) && !isGreater(wanted, next.status.capacity?.['storage'])) {
    at.at('spec', 'resources', 'requests', 'storage').forbidden('field can not be less than status.capacity');
  }
  at.at('spec', 'volumeMode').immutable(next.spec.volumeMode, previous.spec.volumeMode);
  if (previous.spec.volumeAttributesClassName !== undefined && next.spec.volumeAttributesClassName === undefined && isBound) {
    at.at('spec', 'volumeAttributesClassName').forbidden('update from non-nil value to nil is forbidden');
  }
}

function fixedPart(c: PersistentVolumeClaim, previous: PersistentVolumeClaim, isBound: boolean): unknown {
  const { volumeName, storageClassName, resources, volumeAttributesClassName, ...rest } = c.spec;
  const { storage: _, ...otherRequests } = resources.requests ?? {};
  return {
    ...rest,
    // The controller that binds sets the volume; the class may still be chosen while none is.
    volumeName: previous.spec.volumeName ? volumeName : undefined,
    storageClassName: classOf(previous) === undefined ? undefined : storageClassName,
    resources: { ...resources, requests: isBound ? otherRequests : resources.requests },
    volumeAttributesClassName: isBound ? undefined : volumeAttributesClassName,
  };
}
