import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  equalJson,
  type Field,
  type Kind,
  type Mutable,
  qualifiedNameErrors,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import {
  basicQuantity,
  fractionWarnings,
  isGreater,
  isNative,
  isPositive,
  quantityPositive,
  resourceQuantity,
} from '../../checks/quantities.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { shownDifference } from '../../checks/shown.ts';
import { entriesOf, IMMUTABLE, named, supportedValue } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimStatus,
} from '../../generated/types/core-v1.ts';
import { statusPart } from '../../parts.ts';
import { shortModes, validateAccessModes } from './access-modes.ts';

const CLASS = 'volume.beta.kubernetes.io/storage-class';

export const persistentVolumeClaim: Kind<PersistentVolumeClaim> = builtIn<PersistentVolumeClaim>(
  '/v1.PersistentVolumeClaim',
  {
    columns: columnsOf('/PersistentVolumeClaim', {
      Status: (c) => (c.metadata.deletionTimestamp ? 'Terminating' : (c.status.phase ?? '')),
      Volume: (c) => c.spec.volumeName ?? '',
      Capacity: (c) => (c.spec.volumeName ? (c.status.capacity?.['storage'] ?? '0') : ''),
      'Access Modes': (c) => (c.spec.volumeName ? shortModes(c.status.accessModes) : ''),
      StorageClass: (c) => classOf(c) ?? '',
      VolumeAttributesClass: (c) => c.spec.volumeAttributesClassName ?? '<unset>',
      VolumeMode: (c) => c.spec.volumeMode ?? '<unset>',
    }),
    behaviour: {
      answersDeletion: true,
      desired: false,
      complete(c) {
        c.status.phase ??= 'Pending';
        completeClaimSpec(c.spec);
      },
      prepareCreate(c) {
        c.status = { phase: 'Pending' };
        completeDataSource(c.spec, undefined);
      },
      // Clients that know one of the two fields only write the other back without it.
      prepareUpdate: (c, previous) => completeDataSource(c.spec, previous.spec),
      validate: ({ spec }, at) => validateClaimSpec(spec, at.at('spec')),
      validateUpdate,
      warnings: ({ metadata, spec }) => [
        ...(metadata.annotations?.[CLASS] === undefined
          ? []
          : [`metadata.annotations[${CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
        ...fractionWarnings(spec.resources.requests, 'spec.resources.requests', ['storage']),
        ...fractionWarnings(spec.resources.limits, 'spec.resources.limits', ['storage']),
      ],
      parts: {
        status: statusPart({
          validate: ({ status }, _previous, at) => validateStatus(status, at.at('status')),
        }),
      },
    },
  },
);

const classOf = (c: PersistentVolumeClaim): string | undefined =>
  c.metadata.annotations?.[CLASS] ?? c.spec.storageClassName;

export function completeClaimSpec(spec: Mutable<PersistentVolumeClaimSpec>): void {
  spec.volumeMode ??= 'Filesystem';
}

const GROUPS = new Map([
  ['PersistentVolumeClaim', ''],
  ['VolumeSnapshot', 'snapshot.storage.k8s.io'],
]);

/** The older field and the newer one say the same, whichever was given (KEP-1495). */
function completeDataSource(
  spec: Mutable<PersistentVolumeClaimSpec>,
  previous: PersistentVolumeClaimSpec | undefined,
): void {
  // Sources in other namespaces are behind a gate that is off (KEP-3294).
  if (spec.dataSourceRef?.namespace && !previous?.dataSourceRef) delete spec.dataSourceRef;
  const { dataSource, dataSourceRef } = spec;
  const hasSource = previous?.dataSource !== undefined || previous?.dataSourceRef !== undefined;
  // Alone, the older field knows two kinds only; another was never valid and is dropped.
  if (dataSource && !dataSourceRef && !hasSource && GROUPS.get(dataSource.kind) !== (dataSource.apiGroup ?? ''))
    delete spec.dataSource;
  if (spec.dataSource && !dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { apiGroup, kind, name } = dataSourceRef;
    spec.dataSource = { apiGroup, kind, name };
  }
}

const RESIZES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizePending',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
].sort();

/** How much there is, and how far a resize has come (KEP-1790). */
function validateStatus(
  { capacity, allocatedResourceStatuses, allocatedResources }: PersistentVolumeClaimStatus,
  at: Field,
): void {
  for (const [name, text] of entriesOf(capacity)) basicQuantity(text, at.at('capacity').key(name));
  const statusAt = at.at('allocatedResourceStatus');
  for (const [name, status] of entriesOf(allocatedResourceStatuses)) {
    validateResource(name, statusAt);
    // Upstream shows the resource.
    if (!RESIZES.includes(status)) statusAt.notSupported(name, RESIZES);
  }
  const resourcesAt = at.at('allocatedResources');
  for (const [name, text] of entriesOf(allocatedResources)) {
    const before = at.errors.length;
    validateResource(name, resourcesAt);
    if (at.errors.length === before) basicQuantity(text, resourcesAt.key(name));
    if (at.errors.length === before) resourceQuantity('storage', text, resourcesAt.key(name));
  }
}

function validateResource(name: string, at: Field): void {
  const errors = qualifiedNameErrors(name);
  for (const error of errors) at.invalid(name, error);
  if (errors.length === 0 && isNative(name) && name !== 'storage') at.notSupported(name, ['storage']);
}

/** Claims of themselves and of pods' ephemeral volumes. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, at: Field): void {
  if (!spec.accessModes?.length) at.at('accessModes').required('at least 1 access mode is required');
  labelSelector(spec.selector, at.at('selector'));
  if (spec.accessModes?.length) validateAccessModes(spec.accessModes, at.at('accessModes'), '');
  const storage = spec.resources.requests?.['storage'];
  const storageAt = at.at('resources').key('storage');
  if (storage === undefined) storageAt.required();
  else if (isPositive(storage)) resourceQuantity('storage', storage, storageAt);
  else quantityPositive(storage, storageAt);
  if (spec.storageClassName) named(spec.storageClassName, dnsSubdomainErrors, at.at('storageClassName'));
  if (spec.volumeMode !== undefined) supportedValue(spec.volumeMode, ['Block', 'Filesystem'], at.at('volumeMode'));
  if (spec.dataSource) validateReference(spec.dataSource, at.at('dataSource'));
  if (spec.dataSourceRef) validateReference(spec.dataSourceRef, at.at('dataSourceRef'));
  if (spec.dataSourceRef?.namespace) {
    named(spec.dataSourceRef.namespace, dnsLabelErrors, at.at('dataSourceRef', 'namespace'));
    // Upstream shows a path here, of which nothing can be seen.
    if (spec.dataSource) at.invalid({}, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (
    spec.dataSource &&
    spec.dataSourceRef &&
    !equalJson({ ...spec.dataSource }, { ...spec.dataSourceRef, namespace: undefined })
  ) {
    at.invalid({}, 'must match dataSourceRef');
  }
  if (spec.volumeAttributesClassName)
    named(spec.volumeAttributesClassName, dnsSubdomainErrors, at.at('volumeAttributesClassName'));
}

function validateReference(
  reference: { readonly apiGroup?: string | null; readonly kind: string; readonly name: string },
  at: Field,
): void {
  if (!reference.name) at.at('name').required();
  if (!reference.kind) at.at('kind').required();
  const group = reference.apiGroup ?? '';
  if (group === '' && reference.kind !== 'PersistentVolumeClaim')
    at.invalid(reference.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  if (group !== '') named(group, dnsSubdomainErrors, at.at('apiGroup'));
}

/** A claim's wishes stay; a bound one may ask for more room, any for another class of attributes. */
function validateUpdate(next: PersistentVolumeClaim, previous: PersistentVolumeClaim, at: Field): void {
  const classAt = at.at('metadata', 'annotations', CLASS);
  const [annotation, former] = [next.metadata.annotations?.[CLASS], previous.metadata.annotations?.[CLASS]];
  const isUpgraded = isClassOfAnnotation(next, previous);
  if (!isUpgraded && (annotation ?? '') !== (former ?? '')) classAt.invalid(annotation ?? '', IMMUTABLE);
  const keepsClass = !isUpgraded && !isFirstClass(next, previous);
  const isBound = next.status.phase === 'Bound';
  const mayModify = isBound && next.spec.volumeAttributesClassName !== undefined;
  const kept = withAllowed(next.spec, previous.spec, {
    mayBind: !previous.spec.volumeName,
    keepsClass,
    isBound,
    mayModify,
  });
  if (!equalJson(kept, previous.spec))
    at.at('spec').forbidden(
      `${IMMUTABLE_SPEC}\n${shownDifference('core.v1.PersistentVolumeClaimSpec', previous.spec, kept)}`,
    );
  const [wanted, before] = [next.spec.resources.requests?.['storage'], previous.spec.resources.requests?.['storage']];
  if (isGreater(before, wanted) && !isGreater(wanted, next.status.capacity?.['storage'])) {
    at.at('spec', 'resources', 'requests', 'storage').forbidden('field can not be less than status.capacity');
  }
  at.at('volumeMode').immutable(next.spec.volumeMode, previous.spec.volumeMode);
  if (
    previous.spec.volumeAttributesClassName === undefined ||
    previous.spec.volumeAttributesClassName === next.spec.volumeAttributesClassName
  )
    return;
  const attributes = next.spec.volumeAttributesClassName;
  const attributesAt = at.at('spec', 'volumeAttributesClassName');
  if (attributes === undefined) attributesAt.forbidden('update from non-nil value to nil is forbidden');
  else if (attributes === '') attributesAt.forbidden('update from non-nil value to an empty string is forbidden');
}

/** The class moves from the annotation of old into its field. */
function isClassOfAnnotation(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): boolean {
  const [annotation, former] = [next.metadata.annotations?.[CLASS], previous.metadata.annotations?.[CLASS]];
  const isKept = annotation === undefined || annotation === former;
  return (
    former !== undefined &&
    previous.spec.storageClassName === undefined &&
    next.spec.storageClassName === former &&
    isKept
  );
}

/** A claim that was made without a class gets one later. */
function isFirstClass(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): boolean {
  const former = previous.metadata.annotations?.[CLASS];
  const name = next.spec.storageClassName;
  return (
    name !== undefined && previous.spec.storageClassName === undefined && (former === undefined || name === former)
  );
}

interface Freedoms {
  readonly mayBind: boolean;
  readonly keepsClass: boolean;
  readonly isBound: boolean;
  readonly mayModify: boolean;
}

const IMMUTABLE_SPEC =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** The spec as it would be without the changes that are allowed. */
function withAllowed(
  spec: PersistentVolumeClaimSpec,
  previous: PersistentVolumeClaimSpec,
  { mayBind, keepsClass, isBound, mayModify }: Freedoms,
): PersistentVolumeClaimSpec {
  const { storage: _, ...others } = spec.resources.requests ?? {};
  const before = previous.resources.requests?.['storage'];
  const requests = { ...others, ...(before === undefined ? {} : { storage: before }) };
  return {
    ...spec,
    ...(mayBind ? { volumeName: previous.volumeName } : {}),
    ...(keepsClass ? {} : { storageClassName: previous.storageClassName }),
    ...(mayModify ? { volumeAttributesClassName: previous.volumeAttributesClassName } : {}),
    ...(isBound ? { resources: { ...spec.resources, requests: asThere(requests, previous.resources.requests) } } : {}),
  } as PersistentVolumeClaimSpec;
}

/** No requests are the same as none at all. */
const asThere = <T extends object>(requests: T, before: T | undefined): T | undefined =>
  before === undefined && Object.keys(requests).length === 0 ? undefined : requests;
