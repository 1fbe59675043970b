import { dnsLabelErrors, dnsSubdomainErrors, equalJson, type Field, formatTime, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { basicQuantity, fractionWarnings, quantityPositive } from '../../checks/quantities.ts';
import { shown, shownDifference } from '../../checks/shown.ts';
import { entriesOf, givenOf, IMMUTABLE, named, requiredName, supportedValue } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type {
  CSIPersistentVolumeSource,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PersistentVolume,
  PersistentVolumeSpec,
  VolumeNodeAffinity,
} from '../../generated/types/core-v1.ts';
import { statusPart } from '../../parts.ts';
import { shortModes, validateAccessModes } from './access-modes.ts';
import { nodeSelector } from './affinity-validation.ts';
import { attachedSource, onlySource } from './attached-volumes.ts';
import { nodeTermWarnings } from './node-label-warnings.ts';
import { driverName, noBacksteps } from './volume-sources.ts';

const CLASS = 'volume.beta.kubernetes.io/storage-class';
const SOURCES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

export const persistentVolume: Kind<PersistentVolume> = builtIn<PersistentVolume>('/v1.PersistentVolume', {
  columns: columnsOf('/PersistentVolume', {
    Capacity: (v) => v.spec.capacity?.['storage'] ?? '0',
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
      const [source, before] = [sourceOf(next.spec, previous.spec), sourceOf(previous.spec, previous.spec)];
      if (!equalJson(source, before)) {
        const change = shownDifference('core.v1.PersistentVolumeSource', before, source);
        at.at('spec', 'persistentvolumesource').forbidden(
          `spec.persistentvolumesource is immutable after creation\n${change}`,
        );
      }
      at.at('volumeMode').immutable(next.spec.volumeMode, previous.spec.volumeMode);
      if (
        previous.spec.nodeAffinity &&
        !equalJson(stable(next.spec.nodeAffinity, previous.spec.nodeAffinity), previous.spec.nodeAffinity)
      ) {
        at.at('nodeAffinity').invalid(
          shown('core.v1.VolumeNodeAffinity', next.spec.nodeAffinity),
          `${IMMUTABLE}, except for updating from beta label to GA`,
        );
      }
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

const STABLE_LABELS: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** The affinity with labels as they were called before, where they have got their final names since. */
function stable(next: VolumeNodeAffinity | undefined, previous: VolumeNodeAffinity): VolumeNodeAffinity | undefined {
  const terms = next?.required?.nodeSelectorTerms.map((term, i) => {
    const before = previous.required?.nodeSelectorTerms[i];
    const renamed = (list: 'matchExpressions' | 'matchFields'): NodeSelectorRequirement[] | undefined =>
      term[list]?.map((requirement, j) => {
        const key = before?.[list]?.[j]?.key;
        return key !== undefined && STABLE_LABELS[key] === requirement.key ? { ...requirement, key } : requirement;
      });
    return { ...term, matchExpressions: renamed('matchExpressions'), matchFields: renamed('matchFields') };
  });
  return next?.required && terms
    ? { ...next, required: { ...next.required, nodeSelectorTerms: terms as NodeSelectorTerm[] } }
    : next;
}

const MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options';
const OBSOLETE: readonly (readonly [annotation: string, text: string])[] = [
  [CLASS, 'deprecated since v1.8; use "storageClassName" attribute instead'],
  [MOUNT_OPTIONS, 'deprecated since v1.31; use "mountOptions" attribute instead'],
];
const DRIVERS = Object.entries({
  cephfs: ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  photonPersistentDisk: ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  scaleIO: ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  storageos: ['storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  glusterfs: ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  rbd: ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
} satisfies Partial<Record<keyof PersistentVolumeSpec, readonly [shown: string, text: string]>>);

function volumeWarnings({ metadata, spec }: PersistentVolume): readonly string[] {
  const termsAt = 'spec.nodeAffinity.required.nodeSelectorTerms';
  return [
    ...OBSOLETE.flatMap(([annotation, text]) =>
      metadata.annotations?.[annotation] === undefined ? [] : [`metadata.annotations[${annotation}]: ${text}`],
    ),
    ...fractionWarnings(spec.capacity, 'spec.capacity', ['storage']),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle' ? [RECYCLE] : []),
    ...(spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      nodeTermWarnings(term, `${termsAt}[${i}]`, false),
    ),
    ...DRIVERS.flatMap(([name, [shown, text]]) =>
      spec[name as keyof PersistentVolumeSpec] === undefined ? [] : [`spec.${shown}: ${text}`],
    ),
  ];
}

const RECYCLE =
  'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';

function validateSpec({ metadata, spec }: PersistentVolume, at: Field): void {
  validateAccessModes(spec.accessModes, at.at('accessModes'), '');
  const capacity = at.at('capacity');
  const amounts = entriesOf(spec.capacity);
  if (amounts.length === 0) capacity.required();
  if (spec.capacity?.['storage'] === undefined || amounts.length > 1)
    capacity.notSupported(spec.capacity ?? null, ['storage']);
  for (const [name, text] of amounts) {
    basicQuantity(text, capacity.key(name));
    quantityPositive(text, capacity.key(name));
  }
  if (spec.persistentVolumeReclaimPolicy) {
    supportedValue(
      spec.persistentVolumeReclaimPolicy,
      ['Delete', 'Recycle', 'Retain'],
      at.at('persistentVolumeReclaimPolicy'),
    );
  }
  if (spec.nodeAffinity) {
    if (spec.nodeAffinity.required) nodeSelector(spec.nodeAffinity.required, at.at('nodeAffinity', 'required'));
    else at.at('nodeAffinity', 'required').required('must specify required node constraints');
  }
  validateSource(spec, at, metadata.name);
  if (spec.storageClassName) named(spec.storageClassName, dnsSubdomainErrors, at.at('storageClassName'));
  if (spec.volumeMode !== undefined) supportedValue(spec.volumeMode, ['Block', 'Filesystem'], at.at('volumeMode'));
  if (spec.volumeAttributesClassName !== undefined) {
    requiredName(
      spec.volumeAttributesClassName,
      dnsSubdomainErrors,
      at.at('volumeAttributesClassName'),
      'an empty string is disallowed',
    );
    if (!spec.csi) at.at('csi').required('has to be specified when using volumeAttributesClassName');
  }
}

function validateSource(spec: PersistentVolumeSpec, at: Field, name: string): void {
  onlySource(
    givenOf(spec, SOURCES),
    at,
    (source, here) => {
      if (source === 'local') validateLocal(spec, at);
      else if (spec.csi && source === 'csi') validateCsi(spec.csi, here);
      else attachedSource(source, spec, here, { kind: 'cluster', name });
    },
    ['flexVolume'],
  );
  if (spec.hostPath && /^\/[/.]*$/.test(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    at.at('persistentVolumeReclaimPolicy').forbidden("may not be 'recycle' for a hostPath mount of '/'");
  }
}

function validateLocal(spec: PersistentVolumeSpec, at: Field): void {
  if (spec.local?.path) noBacksteps(spec.local.path, at.at('local', 'path'));
  else at.at('local', 'path').required();
  if (!spec.nodeAffinity?.required) at.at('nodeAffinity').required('Local volume requires node affinity');
}

const SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

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
