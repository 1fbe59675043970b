import { dnsLabelErrors, type Field } from '@navarch/machinery';
import { entriesOf, named, supportedValue, within } from '../../checks/values.ts';
import type { PersistentVolumeSpec, Volume } from '../../generated/types/core-v1.ts';
import { hostPathSource } from './volume-sources.ts';

/** What both pods and persistent volumes may name as the place of their bytes. */
type Name =
  | 'hostPath'
  | 'gcePersistentDisk'
  | 'awsElasticBlockStore'
  | 'glusterfs'
  | 'flocker'
  | 'nfs'
  | 'rbd'
  | 'quobyte'
  | 'cephfs'
  | 'iscsi'
  | 'cinder'
  | 'fc'
  | 'flexVolume'
  | 'azureFile'
  | 'vsphereVolume'
  | 'photonPersistentDisk'
  | 'portworxVolume'
  | 'azureDisk'
  | 'scaleIO'
  | 'storageos';
type Sources = { readonly [N in Name]?: Volume[N] | PersistentVolumeSpec[N] };

export interface Owner {
  readonly kind: 'pod' | 'cluster';
  /** Of the volume. */
  readonly name: string;
}

/** Upstream's names of fields where they are not those of the API. */
const CHECKED_AS: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' };
const REFUSED_AS: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

/** Of several sources the first is checked and the others are refused; `suffered` ones upstream never refuses. */
export function onlySource<N extends string>(
  given: readonly N[],
  at: Field,
  check: (name: N, at: Field) => void,
  suffered: readonly N[] = [],
): void {
  given.forEach((name, i) => {
    if (i > 0 && !suffered.includes(name))
      at.at(REFUSED_AS[name] ?? name).forbidden('may not specify more than 1 volume type');
    else check(name, at.at(CHECKED_AS[name] ?? name));
  });
  if (given.length === 0) at.required('must specify a volume type');
}

/** Checks a source that pods and persistent volumes share; `at` is its place. Others are none of its business. */
export function attachedSource(name: string, sources: Sources, at: Field, owner: Owner): void {
  const check = checks[name as Name] as ((source: unknown, at: Field, owner: Owner) => void) | undefined;
  check?.(sources[name as Name], at, owner);
}

function needs(source: object, names: readonly string[], at: Field): void {
  for (const name of names) {
    const value = (source as Readonly<Record<string, unknown>>)[name] as string | readonly unknown[] | undefined;
    if (!value?.length) at.at(name).required();
  }
}

type SecretRef = { readonly name?: string; readonly namespace?: string };

/** Those of pods are in the pod's namespace. */
function secretReference(reference: SecretRef | undefined, at: Field, { kind }: Owner): void {
  if (reference) needs(reference, kind === 'pod' ? ['name'] : ['name', 'namespace'], at);
}

const checks: { readonly [N in Name]: (source: NonNullable<Sources[N]>, at: Field, owner: Owner) => void } = {
  hostPath: hostPathSource,
  gcePersistentDisk(disk, at) {
    needs(disk, ['pdName'], at);
    partition(disk.partition, at.at('partition'));
  },
  awsElasticBlockStore(disk, at) {
    needs(disk, ['volumeID'], at);
    partition(disk.partition, at.at('partition'));
  },
  glusterfs(source, at) {
    needs(source, ['endpoints', 'path'], at);
    if (!('endpointsNamespace' in source) || source.endpointsNamespace === undefined) return;
    const here = at.at('endpointsNamespace');
    if (source.endpointsNamespace) named(source.endpointsNamespace, dnsLabelErrors, here);
    else here.invalid('', 'if the endpointnamespace is set, it must be a valid namespace name');
  },
  flocker({ datasetName = '', datasetUUID = '' }, at) {
    if (!datasetName && !datasetUUID) at.required('one of datasetName and datasetUUID is required');
    if (datasetName && datasetUUID)
      at.invalid('resource', 'datasetName and datasetUUID can not be specified simultaneously');
    if (datasetName.includes('/')) at.at('datasetName').invalid(datasetName, "must not contain '/'");
  },
  nfs(source, at) {
    needs(source, ['server', 'path'], at);
    if (!source.path.startsWith('/')) at.at('path').invalid(source.path, 'must be an absolute path');
  },
  rbd: (source, at) => needs(source, ['monitors', 'image'], at),
  quobyte({ registry, volume, tenant = '' }, at) {
    const pairs = 'must be a host:port pair or multiple pairs separated by commas';
    if (!registry) at.at('registry').required(pairs);
    else if (tenant.length >= 65)
      at.at('tenant').required('must be a UUID and may not exceed a length of 64 characters');
    else
      for (const pair of registry.split(','))
        if (!/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair)) at.at('registry').invalid(registry, pairs);
    if (!volume) at.at('volume').required();
  },
  cephfs: (source, at) => needs(source, ['monitors'], at),
  iscsi: validateIscsi,
  cinder(source, at, owner) {
    needs(source, ['volumeID'], at);
    secretReference(source.secretRef, at.at('secretRef'), owner);
  },
  fc({ targetWWNs = [], wwids = [], lun }, at) {
    if (targetWWNs.length === 0 && wwids.length === 0)
      at.at('targetWWNs').required('must specify either targetWWNs or wwids, but not both');
    if (targetWWNs.length > 0 && wwids.length > 0)
      at.at('targetWWNs').invalid(targetWWNs, 'targetWWNs and wwids can not be specified simultaneously');
    if (targetWWNs.length === 0) return;
    if (lun === undefined) at.at('lun').required('lun is required if targetWWNs is specified');
    else within(lun, 0, 255, at.at('lun'));
  },
  flexVolume(source, at) {
    needs(source, ['driver'], at);
    for (const [key] of entriesOf(source.options)) {
      const domain = `.${(key.split('/')[0] ?? '').toLowerCase()}`;
      if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')) {
        at.at('options').key(key).invalid(key, 'kubernetes.io and k8s.io namespaces are reserved');
      }
    }
  },
  azureFile(source, at) {
    needs(source, ['secretName', 'shareName'], at);
    if ('secretNamespace' in source && source.secretNamespace === '') at.at('secretNamespace').required();
  },
  vsphereVolume: (source, at) => needs(source, ['volumePath'], at),
  photonPersistentDisk: (source, at) => needs(source, ['pdID'], at),
  portworxVolume: (source, at) => needs(source, ['volumeID'], at),
  azureDisk(source, at) {
    needs(source, ['diskName', 'diskURI'], at);
    if (source.cachingMode !== undefined)
      supportedValue(source.cachingMode, ['None', 'ReadOnly', 'ReadWrite'], at.at('cachingMode'));
    if (source.kind === undefined) return;
    supportedValue(source.kind, ['Dedicated', 'Managed', 'Shared'], at.at('kind'));
    const [scheme, form] =
      source.kind === 'Managed'
        ? [
            '/subscriptions/',
            '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
          ]
        : ['https://', 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'];
    if (!source.diskURI.startsWith(scheme)) at.at('diskURI').notSupported(source.diskURI, [form]);
  },
  scaleIO: (source, at) => needs(source, ['gateway', 'system', 'volumeName'], at),
  storageos(source, at, owner) {
    if (source.volumeName) named(source.volumeName, dnsLabelErrors, at.at('volumeName'));
    else at.at('volumeName').required();
    if (source.volumeNamespace) named(source.volumeNamespace, dnsLabelErrors, at.at('volumeNamespace'));
    secretReference(source.secretRef, at.at('secretRef'), owner);
  },
};

function partition(value: number | undefined, at: Field): void {
  if (value !== undefined && (value < 0 || value > 255)) at.invalid(value, 'must be between 1 and 255, inclusive');
}

const ISCSI_NAME = /^(iqn\.\d{4}-\d{2}\.([\da-z.-]+)(:[^,;*&$|\s]+)|eui.[\da-z]{16}|naa.[\da-z]{32})$/i;
const TOGETHER_MAX = 64;
const TOO_LONG =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

const isIscsiKind = (name: string): boolean => /^(iqn|eui|naa)/.test(name);

function validateIscsi(source: NonNullable<Sources['iscsi']>, at: Field, { kind, name }: Owner): void {
  const { targetPortal, iqn, initiatorName: initiator } = source;
  const isTooLong = initiator !== undefined && `${name}:${targetPortal}`.length > TOGETHER_MAX;
  needs(source, ['targetPortal'], at);
  if (isTooLong && kind === 'cluster') at.at('targetportal').invalid(targetPortal, TOO_LONG);
  if (!iqn) at.at('iqn').required();
  else if (!isIscsiKind(iqn))
    at.at('iqn').invalid(iqn, `must be valid format${kind === 'pod' ? ' starting with iqn, eui, or naa' : ''}`);
  else if (!ISCSI_NAME.test(iqn)) at.at('iqn').invalid(iqn, 'must be valid format');
  within(source.lun, 0, 255, at.at('lun'));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) at.at('secretRef').required();
  if (kind === 'cluster' && source.secretRef) needs(source.secretRef, ['name'], at.at('secretRef'));
  if (initiator === undefined) return;
  if (!isIscsiKind(initiator))
    at.at('initiatorname').invalid(
      initiator,
      `must be valid format${kind === 'pod' ? ' starting with iqn, eui, or naa' : ''}`,
    );
  else if (!ISCSI_NAME.test(initiator)) at.at('initiatorname').invalid(initiator, 'must be valid format');
}

/** In a pod it is the volume whose name is too long. */
export function iscsiName(volume: Volume, at: Field): void {
  const { iscsi, name } = volume;
  if (iscsi?.initiatorName !== undefined && `${name}:${iscsi.targetPortal}`.length > TOGETHER_MAX)
    at.at('name').invalid(name, TOO_LONG);
}
