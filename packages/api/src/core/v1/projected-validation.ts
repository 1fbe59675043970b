import { dnsSubdomainErrors, type Field } from '@navarch/machinery';
import { labelSelector } from '../../checks/selectors.ts';
import { shown } from '../../checks/shown.ts';
import { each, supportedValue } from '../../checks/values.ts';
import { signerName } from '../../certificates/v1/certificate-signing-request.ts';
import { EXPIRATION, isKubernetesSigner } from '../../certificates/v1/pod-certificate-request.ts';
import type {
  ClusterTrustBundleProjection,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../../generated/types/core-v1.ts';
import { downwardFile, fileMode, keyToPath } from './volume-files.ts';
import { nonReservedPath } from './volume-sources.ts';

/** Takes a path of the volume for a source, which is named where somebody else has it. */
type Take = (path: string, by: string) => void;

export function validateProjected(source: ProjectedVolumeSource, at: Field): void {
  fileMode(source.defaultMode, at.at('defaultMode'));
  const paths = new Set<string>();
  const take: Take = (path, by) => {
    if (paths.has(path)) at.invalid(by, 'conflicting duplicate paths');
    paths.add(path);
  };
  each(source.sources, at.at('sources'), (projection, here) => validateProjection(projection, here, at, take));
}

const KINDS = [
  'secret',
  'configMap',
  'downwardAPI',
  'serviceAccountToken',
  'clusterTrustBundle',
  'podCertificate',
] as const;

function validateProjection(projection: VolumeProjection, at: Field, volumeAt: Field, take: Take): void {
  const {
    downwardAPI,
    serviceAccountToken: token,
    clusterTrustBundle: bundle,
    podCertificate: certificate,
  } = projection;
  for (const name of ['secret', 'configMap'] as const) {
    const source = projection[name];
    if (!source) continue;
    if (!source.name) at.at(name, 'name').required();
    each(source.items, at.at(name, 'items'), (item, here) => {
      keyToPath(item, here);
      if (item.path) take(item.path, source.name ?? '');
    });
  }
  for (const item of downwardAPI?.items ?? []) {
    downwardFile(item, at.at('downwardAPI'));
    if (item.path) take(item.path, item.path);
  }
  if (token) validateToken(token, at.at('serviceAccountToken'), volumeAt);
  if (bundle) validateBundle(bundle, at.at('clusterTrustBundle'), take);
  if (certificate) validatePodCertificate(certificate, at.at('podCertificate'), take);
  const given = KINDS.filter((name) => projection[name] !== undefined && projection[name] !== null);
  if (given.length > 1) at.forbidden('may not specify more than 1 volume type per source');
}

const TOKEN_SECONDS_MIN = 600;
const SECONDS_MAX = 2 ** 32;

function validateToken(
  { expirationSeconds = 3600, path }: ServiceAccountTokenProjection,
  at: Field,
  volumeAt: Field,
): void {
  const here = at.at('expirationSeconds');
  if (expirationSeconds < TOKEN_SECONDS_MIN)
    here.invalid(expirationSeconds, 'may not specify a duration less than 10 minutes');
  if (expirationSeconds > SECONDS_MAX)
    here.invalid(expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  // Upstream places the path in the volume.
  if (!path) volumeAt.at('path').required();
  else nonReservedPath(path, volumeAt.at('path'));
}

function validateBundle(bundle: ClusterTrustBundleProjection, at: Field, take: Take): void {
  const { name, signerName: signer, labelSelector: selector, path } = bundle;
  if (name !== undefined && signer !== undefined)
    at.invalid(shown('core.v1.ClusterTrustBundleProjection', bundle), 'only one of name and signerName may be used');
  else if (name !== undefined) {
    if (name === '') at.at('name').required('must be a valid object name');
    for (const error of bundleNameErrors(name))
      at.at('name').invalid(name, `not a valid clustertrustbundlename: ${error}`);
    if (selector) at.at('labelSelector').invalid(selector, 'labelSelector must be unset if name is specified');
  } else if (signer === undefined) at.required('either name or signerName must be specified');
  else {
    if (signer === '') at.at('signerName').required('must be a valid signer name');
    signerName(signer, at.at('signerName'));
    labelSelector(selector, at.at('labelSelector'));
  }
  if (!path) at.at('path').required();
  nonReservedPath(path, at.at('path'));
  take(path, path);
}

/** `signer.example:name` is a bundle of that signer. */
function bundleNameErrors(name: string): readonly string[] {
  return dnsSubdomainErrors(name.slice(name.lastIndexOf(':') + 1));
}

const KEY_TYPES = ['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072', 'RSA4096'];

function validatePodCertificate(certificate: PodCertificateProjection, at: Field, take: Take): void {
  const { signerName: signer, keyType, maxExpirationSeconds: seconds } = certificate;
  signerName(signer, at.at('signerName'));
  supportedValue(keyType, KEY_TYPES, at.at('keyType'));
  if (seconds !== undefined) {
    const max = isKubernetesSigner(signer) ? EXPIRATION.ofKubernetesMax : EXPIRATION.max;
    const here = at.at('maxExpirationSeconds');
    if (seconds < EXPIRATION.min)
      here.invalid(seconds, `if provided, maxExpirationSeconds must be >= ${EXPIRATION.min}`);
    if (seconds > max) here.invalid(seconds, `if provided, maxExpirationSeconds must be <= ${max}`);
  }
  const names = ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const;
  if (names.every((name) => !certificate[name]))
    at.required('specify at least one of credentialBundlePath, keyPath, and certificateChainPath');
  for (const name of names) {
    const path = certificate[name];
    if (!path) continue;
    nonReservedPath(path, at.at(name));
    take(path, path);
  }
}
