import { dnsLabelErrors, dnsSubdomainErrors, equalJson, type Field, formatTime, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { fractionWarnings, quantityPositive } from '../../checks/quantities.ts';
import { entriesOf, givenOf, named, requiredName, supportedValue, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { CSIPersistentVolumeSource, PersistentVolume, PersistentVolumeSpec } from '../../generated/types/core-v1.ts';
import { statusPart } from '../../parts.ts';
import { shortModes, validateAccessModes } from './access-modes.ts';
import { nodeSelector } from './affinity-validation.ts';
import { attachedSource, onlySource } from './attached-volumes.ts';
import { driverName, noBacksteps } from './volume-sources.ts';

const CLASS = 'volume.beta.kubernetes.io/storage-class';
const SOURCES = [
  'hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'flocker', 'nfs', 'rbd', 'quobyte', 'cephfs', 'iscsi', 'cinder', 'fc',
  'flexVolume', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'scaleIO', 'local', 'storageos', 'csi',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

export const persistentVolume: Kind<PersistentVolume> = builtIn<PersistentVolume>('/v1.PersistentVolume', {
  columns: columnsOf('/PersistentVolume', {
    Capacity: (v) => v.spec.capacity?.['storage'] ?? '',
    'Access Modes': (v) => shortModes(v.spec.accessModes),
    'Reclaim Policy': (v) => v.spec.persistentVolumeReclaimPolicy ?? '',
    Status: (v) => (v.metadata.deletionTimestamp ? 'Terminating' : (v.status.phase ?? '')),
    Claim: (v) => (v.spec.claimRef ? `${v.spec.claimRef.namespace ?? ''}/${v.spec.claimRef.name ?? ''}` : ''),
    StorageClass: (v) => v.metadata.annotations?.[CLASS] ?? v.spec.storageClassName ?? '',
    VolumeAttributesClass: (v) => v.spec.volumeAttributesClassName ?? '<unset>',
    Reason: (v) => v.status.reason ?? '',
    VolumeMode: (v) => v.spec.volumeMode ?? '<unset>',
  }),
  behaviour: {
    answersDeletion: true,
    desired: false,
    complete(v) {
      v.status.phase ??= 'Pending';
      v.spec.persistentVolumeReclaimPolicy ??= 'Retain';
      v.spec.volumeMode ??= 'Filesystem';
      if (v.spec.hostPath) v.spec.hostPath.type ??= '';
    },
    prepareCreate(v, { now }) {
      v.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(now) };
    },
    validate: (v, at) => validateSpec(v, at.at('spec')),
    warnings: (v) => volumeWarnings(v),
    validateUpdate(next, previous, at) {
      if (!equalJson(sourceOf(next.spec, previous.spec), sourceOf(previous.spec, previous.spec))) {
        at.at('spec', 'persistentvolumesource').forbidden('spec.persistentvolumesource is immutable after creation');
      }
      at.at('volumeMode').immutable(next.spec.volumeMode, previous.spec.volumeMode);
      if (previous.spec.nodeAffinity) unchanged(next.spec.nodeAffinity, previous.spec.nodeAffinity, at.at('spec', 'nodeAffinity'));
      if (previous.spec.volumeAttributesClassName !== undefined && next.spec.volumeAttributesClassName === undefined) {
        at.at('spec', 'volumeAttributesClassName').forbidden('update from non-nil value to nil is forbidden');
      }
    },
    parts: {
      status: statusPart({
        prepare(v, previous, { now }) {
          if (v.status.phase !== previous.status.phase) v.status.lastPhaseTransitionTime = formatTime(now);
        },
      }),
    },
  },
});

/** What must stay: the whole source, but for a secret for expansion where none was named yet. */
function sourceOf(spec: PersistentVolumeSpec, previous: PersistentVolumeSpec): unknown {
  const sources = Object.fromEntries(givenOf(spec, SOURCES).map((name) => [name, spec[name]]));
  if (!spec.csi || !previous.csi || previous.csi.controllerExpandSecretRef) return sources;
  const { controllerExpandSecretRef: _, ...csi } = spec.csi;
  return { ...sources, csi };
}

const OBSOLETE_CLASS = `metadata.annotations[${CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`;

function volumeWarnings({ metadata, spec }: PersistentVolume): readonly string[] {
  const warnings = metadata.annotations?.[CLASS] === undefined ? [] : [OBSOLETE_CLASS];
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    warnings.push('spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.');
  }
  return [...warnings, ...fractionWarnings(spec.capacity, 'spec.capacity')];
}

function validateSpec({ metadata, spec }: PersistentVolume, at: Field): void {
  validateAccessModes(spec.accessModes, at.at('accessModes'), '');
  const capacity = at.at('capacity');
  const amounts = entriesOf(spec.capacity);
  if (amounts.length === 0) capacity.required();
  if (spec.capacity?.['storage'] === undefined || amounts.length > 1) capacity.notSupported(spec.capacity ?? null, ['storage']);
  for (const [name, text] of amounts) {
    quantityPositive(text, capacity.key(name));
  }
  if (spec.persistentVolumeReclaimPolicy) {
    supportedValue(spec.persistentVolumeReclaimPolicy, ['Delete', 'Recycle', 'Retain'], at.at('persistentVolumeReclaimPolicy'));
  }
  if (spec.nodeAffinity) {
    if (spec.nodeAffinity.required) nodeSelector(spec.nodeAffinity.required, at.at('nodeAffinity', 'required'));
    else at.at('nodeAffinity', 'required').required('must specify required node constraints');
  }
  validateSource(spec, at, metadata.name);
  if (spec.storageClassName) named(spec.storageClassName, dnsSubdomainErrors, at.at('storageClassName'));
  if (spec.volumeMode !== undefined) supportedValue(spec.volumeMode, ['Block', 'Filesystem'], at.at('volumeMode'));
  if (spec.volumeAttributesClassName !== undefined) {
    requiredName(spec.volumeAttributesClassName, dnsSubdomainErrors, at.at('volumeAttributesClassName'), 'an empty string is disallowed');
    if (!spec.csi) at.at('csi').required('has to be specified when using volumeAttributesClassName');
  }
}

function validateSource(spec: PersistentVolumeSpec, at: Field, name: string): void {
  onlySource(givenOf(spec, SOURCES), at, (source, here) => {
    if (source === 'local') validateLocal(spec, at);
    else if (spec.csi && source === 'csi') validateCsi(spec.csi, here);
    else attachedSource(source, spec, here, { kind: 'cluster', name });
  });
  if (spec.hostPath && /^\/[/.]*$/.test(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    at.at('persistentVolumeReclaimPolicy').forbidden("may not be 'recycle' for a hostPath mount of '/'");
  }
}

function validateLocal(spec: PersistentVolumeSpec, at: Field): void {
  if (spec.local?.path) noBacksteps(spec.local.path, at.at('local', 'path'));
  else at.at('local', 'path').required();
  if (!spec.nodeAffinity?.required) at.at('nodeAffinity').required('Local volume requires node affinity');
}

const SECRETS = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const;

function validateCsi(source: CSIPersistentVolumeSource, at: Field): void {
  driverName(source.driver, at.at('driver'));
  if (!source.volumeHandle) at.at('volumeHandle').required();
  for (const name of SECRETS) {
    const reference = source[name];
    if (!reference) continue;
    requiredName(reference.name, dnsSubdomainErrors, at.at(name, 'name'));
    requiredName(reference.namespace, dnsLabelErrors, at.at(name, 'namespace'));
  }
}
