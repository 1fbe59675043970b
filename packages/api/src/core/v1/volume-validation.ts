import { dnsLabelErrors, dnsSubdomainErrors, type Field, validateAnnotations, validateLabels } from '@navarch/machinery';
import { quantityOf } from '../../checks/quantities.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { each, entriesOf, givenOf, named, requiredName, supportedValue } from '../../checks/values.ts';
import { EXPIRATION, isKubernetesSigner } from '../../certificates/v1/pod-certificate-request.ts';
import { signerName } from '../../certificates/v1/certificate-signing-request.ts';
import type { DownwardAPIVolumeFile, KeyToPath, PodCertificateProjection, ProjectedVolumeSource, Volume, VolumeProjection } from '../../generated/types/core-v1.ts';
import { attachedSource, iscsiName, onlySource } from './attached-volumes.ts';
import { fieldSelector, resourceSelector } from './environment-validation.ts';
import { validateClaimSpec } from './persistent-volume-claim.ts';
import { descendingPath, driverName, nonReservedPath } from './volume-sources.ts';

const FILE_MODE = 'must be a number between 0 and 0777 (octal), both inclusive';
const SOURCES = [
  'emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi', 'glusterfs', 'flocker',
  'persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte', 'downwardAPI', 'fc', 'flexVolume', 'configMap', 'azureFile', 'vsphereVolume',
  'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'storageos', 'projected', 'scaleIO', 'csi', 'ephemeral', 'image',
] as const satisfies readonly (keyof Volume)[];
type Source = (typeof SOURCES)[number];

/** The volumes that containers may mount: those without an error. */
export function validateVolumes(volumes: readonly Volume[] | undefined, at: Field): ReadonlyMap<string, Volume> {
  const valid = new Map<string, Volume>();
  const names = new Set<string>();
  each(volumes, at, (volume, here) => {
    const errors = here.errors.length;
    validateSource(volume, here);
    requiredName(volume.name, dnsLabelErrors, here.at('name'));
    if (names.has(volume.name)) here.at('name').duplicate(volume.name);
    if (here.errors.length > errors) return;
    names.add(volume.name);
    valid.set(volume.name, volume);
  });
  return valid;
}

function validateSource(volume: Volume, at: Field): void {
  onlySource(givenOf(volume, SOURCES) as readonly Source[], at, (name, here) => {
    const check = checks[name];
    if (check) check(volume, here);
    else attachedSource(name, volume, here, { kind: 'pod', name: volume.name });
    iscsiName(volume, at);
  });
}

/** Sources that only pods have. */
const checks: { readonly [S in Source]?: (volume: Volume, at: Field) => void } = {
  emptyDir({ emptyDir }, at) {
    if (quantityOf(emptyDir?.sizeLimit).nano < 0n) at.at('sizeLimit').forbidden('SizeLimit field must be a valid resource quantity');
  },
  gitRepo({ gitRepo }, at) {
    if (!gitRepo?.repository) at.at('repository').required();
    if (gitRepo?.directory) descendingPath(gitRepo.directory, at.at('directory'));
  },
  secret({ secret }, at) {
    if (!secret?.secretName) at.at('secretName').required();
    fileMode(secret?.defaultMode, at.at('defaultMode'));
    keysToPaths(secret?.items, at.at('items'));
  },
  configMap({ configMap }, at) {
    if (!configMap?.name) at.at('name').required();
    fileMode(configMap?.defaultMode, at.at('defaultMode'));
    keysToPaths(configMap?.items, at.at('items'));
  },
  persistentVolumeClaim: ({ persistentVolumeClaim }, at) => {
    if (!persistentVolumeClaim?.claimName) at.at('claimName').required();
  },
  downwardAPI({ downwardAPI }, at) {
    fileMode(downwardAPI?.defaultMode, at.at('defaultMode'));
    each(downwardAPI?.items, at, (file) => downwardFile(file, at));
  },
  projected: ({ projected }, at) => projected && validateProjected(projected, at),
  csi({ csi }, at) {
    driverName(csi?.driver ?? '', at.at('driver'));
    const secret = csi?.nodePublishSecretRef;
    if (!secret) return;
    if (secret.name) named(secret.name, dnsSubdomainErrors, at.at('name'));
    else at.at('nodePublishSecretRef', 'name').required();
  },
  ephemeral({ ephemeral }, at) {
    const template = ephemeral?.volumeClaimTemplate;
    if (!template) return at.at('volumeClaimTemplate').required();
    // Claims of pods are named after these; only what is said about them is taken over.
    const { labels, annotations, ...rest } = template.metadata ?? {};
    const metadataAt = at.at('volumeClaimTemplate', 'metadata');
    validateAnnotations(annotations, metadataAt.at('annotations'));
    validateLabels(labels, metadataAt.at('labels'));
    for (const [field] of entriesOf(rest as Readonly<Record<string, unknown>>)) metadataAt.at(field).forbidden('cannot be set');
    validateClaimSpec(template.spec, at.at('volumeClaimTemplate', 'spec'));
  },
  image({ image }, at) {
    if (image?.pullPolicy !== undefined) supportedValue(image.pullPolicy, ['Always', 'IfNotPresent', 'Never'], at.at('pullPolicy'));
    const { reference = '' } = image ?? {};
    if (reference !== reference.trim()) at.at('reference').invalid(reference, 'must not have leading or trailing whitespace');
  },
};

function fileMode(mode: number | undefined, at: Field): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) at.invalid(mode, FILE_MODE);
}

function keysToPaths(items: readonly KeyToPath[] | undefined, at: Field): void {
  each(items, at, ({ key, path, mode }, here) => {
    if (!key) here.at('key').required();
    if (!path) here.at('path').required();
    else nonReservedPath(path, here.at('path'));
    if (mode !== undefined && (mode < 0 || mode > 0o777)) here.at('mode').invalid(mode, FILE_MODE);
  });
}

function downwardFile(file: DownwardAPIVolumeFile, at: Field): void {
  if (!file.path) at.at('path').required();
  else nonReservedPath(file.path, at.at('path'));
  if (file.fieldRef) {
    fieldSelector(file.fieldRef, 'volume', at.at('fieldRef'));
    if (file.resourceFieldRef) at.invalid('resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  } else if (file.resourceFieldRef) resourceSelector(file.resourceFieldRef, true, at.at('resourceFieldRef'));
  else at.required('one of fieldRef and resourceFieldRef is required');
  fileMode(file.mode, at.at('mode'));
}

const PROJECTIONS = ['secret', 'downwardAPI', 'configMap', 'serviceAccountToken', 'clusterTrustBundle', 'podCertificate'] as const;

function validateProjected(source: ProjectedVolumeSource, at: Field): void {
  fileMode(source.defaultMode, at.at('defaultMode'));
  const paths = new Set<string>();
  const take = (path: string, by: string): void => {
    if (path && paths.has(path)) at.invalid(by, 'conflicting duplicate paths');
    paths.add(path);
  };
  each(source.sources, at.at('sources'), (projection, here) => {
    const given = givenOf(projection, PROJECTIONS);
    given.forEach((name, i) => {
      if (i > 0) here.at(name).forbidden('may not specify more than 1 volume type');
      else validateProjection(projection, name, here.at(name), take);
    });
    if (given.length === 0) here.required('must specify one of: `secret`, `downwardAPI`, `configMap`, `serviceAccountToken`');
  });
}

const TOKEN_SECONDS_MIN = 600;
const SECONDS_MAX = 2 ** 32;

function validateProjection(projection: VolumeProjection, name: string, at: Field, take: (path: string, by: string) => void): void {
  const { secret, configMap, downwardAPI, serviceAccountToken: token, clusterTrustBundle: bundle, podCertificate: certificate } = projection;
  const keyed = secret ?? configMap;
  if (name === 'secret' || name === 'configMap') {
    if (!keyed?.name) at.at('name').required();
    keysToPaths(keyed?.items, at.at('items'));
    for (const item of keyed?.items ?? []) take(item.path, keyed?.name ?? '');
  } else if (downwardAPI) {
    for (const item of downwardAPI.items ?? []) {
      downwardFile(item, at);
      take(item.path, item.path);
    }
  } else if (token) {
    const { expirationSeconds = 3600 } = token;
    if (expirationSeconds < TOKEN_SECONDS_MIN) at.at('expirationSeconds').invalid(expirationSeconds, 'may not specify a duration less than 10 minutes');
    if (expirationSeconds > SECONDS_MAX) at.at('expirationSeconds').invalid(expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
    if (!token.path) at.at('path').required();
    else {
      nonReservedPath(token.path, at.at('path'));
      take(token.path, token.path);
    }
  } else if (bundle) {
    if (bundle.name === undefined && bundle.signerName === undefined) at.required('either name or signerName must be specified');
    if (bundle.name !== undefined && bundle.signerName !== undefined) at.invalid(bundle, 'only one of name and signerName may be used');
    labelSelector(bundle.labelSelector, at.at('labelSelector'));
    if (!bundle.path) at.at('path').required();
    else {
      nonReservedPath(bundle.path, at.at('path'));
      take(bundle.path, bundle.path);
    }
  } else if (certificate) {
    validatePodCertificate(certificate, at, take);
  }
}

const KEY_TYPES = ['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072', 'RSA4096'];

function validatePodCertificate(certificate: PodCertificateProjection, at: Field, take: (path: string, by: string) => void): void {
  const { signerName: signer, keyType, maxExpirationSeconds: seconds } = certificate;
  signerName(signer, at.at('signerName'));
  supportedValue(keyType, KEY_TYPES, at.at('keyType'));
  if (seconds !== undefined) {
    const max = isKubernetesSigner(signer) ? EXPIRATION.ofKubernetesMax : EXPIRATION.max;
    const here = at.at('maxExpirationSeconds');
    if (seconds < EXPIRATION.min) here.invalid(seconds, `if provided, maxExpirationSeconds must be >= ${EXPIRATION.min}`);
    if (seconds > max) here.invalid(seconds, `if provided, maxExpirationSeconds must be <= ${max}`);
  }
  const names = ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const;
  if (names.every((name) => !certificate[name])) at.required('specify at least one of credentialBundlePath, keyPath, and certificateChainPath');
  for (const name of names) {
    const path = certificate[name];
    if (!path) continue;
    nonReservedPath(path, at.at(name));
    take(path, path);
  }
}
