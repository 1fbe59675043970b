import {
  type ClusterTrustBundleProjection,
  configMap,
  type Pod,
  type PodCertificateProjection,
  type ProjectedVolumeSource,
  secret,
  type ServiceAccountTokenProjection,
  type VolumeProjection,
} from '@navarch/api';
import { compileLabelSelector, type Integer } from '@navarch/machinery';
import type { Payload } from './atomic-writer.ts';
import { writeInMemory } from './object-volumes.ts';
import { configMapPayloads, downwardPayloads, secretPayloads } from './payloads.ts';
import { defineVolumePlugin, removeVolume, type VolumeHost } from './volume-plugin.ts';
import { VolumeError } from './volume-error.ts';

/** Several sources in one folder; where paths meet, the later one wins. */
export const projected = defineVolumePlugin({
  source: 'projected',
  isLive: true,
  isReadOnly: true,
  names: ({ sources }) =>
    (sources ?? []).flatMap((part) => [
      ...(part.configMap ? [{ kind: configMap, name: part.configMap.name ?? '' }] : []),
      ...(part.secret ? [{ kind: secret, name: part.secret.name ?? '' }] : []),
    ]),
  async setUp({ source, dir, pod }, host) {
    await writeInMemory(dir, await projectedPayloads(source, dir, pod, host), pod, host);
  },
  tearDown: removeVolume,
});

/** Every source is tried, side by side, so that one message names everything that is missing. */
async function projectedPayloads(
  { sources, defaultMode }: ProjectedVolumeSource,
  dir: string,
  pod: Pod,
  host: VolumeHost,
): Promise<readonly Payload[]> {
  const parts = await Promise.allSettled(
    (sources ?? []).map((part, i) =>
      part.podCertificate
        ? certificatePayloads(part.podCertificate, `${dir} ${i}`, pod, host)
        : partPayloads(part, defaultMode, pod, host),
    ),
  );
  const problems = parts.filter((part) => part.status === 'rejected').map(({ reason }) => (reason as Error).message);
  const unique = [...new Set(problems)];
  if (unique.length > 0) throw new VolumeError(unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`);
  const payloads = parts.flatMap((part) => (part.status === 'fulfilled' ? part.value : []));
  return [...new Map(payloads.map((payload) => [payload.path, payload])).values()];
}

async function partPayloads(
  part: VolumeProjection,
  mode: number | undefined,
  pod: Pod,
  host: VolumeHost,
): Promise<readonly Payload[]> {
  if (part.configMap) return configMapPayloads(part.configMap, mode, pod, host);
  if (part.secret) return secretPayloads(part.secret, mode, pod, host);
  if (part.downwardAPI) return downwardPayloads(part.downwardAPI.items ?? [], mode, pod, host);
  if (part.serviceAccountToken) return [await tokenPayload(part.serviceAccountToken, mode, pod, host)];
  if (part.clusterTrustBundle) return [await trustPayload(part.clusterTrustBundle, mode, host)];
  throw new VolumeError(`this node cannot project ${Object.keys(part).join(', ')}`);
}

async function tokenPayload(
  { path, audience = '', expirationSeconds = 3600, user }: ServiceAccountTokenProjection,
  mode = 0o644,
  pod: Pod,
  host: VolumeHost,
): Promise<Payload> {
  return { path, data: await host.token(pod, audience, Number(expirationSeconds)), ...ownership(user, mode, pod) };
}

/** A credential is its user's alone where there is one user; a group's where there is an fsGroup; else everyone's (KEP-1205). */
function ownership(user: Integer | undefined, mode: number, pod: Pod): Pick<Payload, 'mode' | 'user'> {
  const owner = user ?? onlyUser(pod);
  const isPrivate = owner !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
  return { mode: isPrivate ? 0o600 : mode, ...(owner === undefined ? {} : { user: Number(owner) }) };
}

/** Key and certificates in one file, or each in its own: all are written at once, so that they belong together. */
async function certificatePayloads(
  projection: PodCertificateProjection,
  place: string,
  pod: Pod,
  host: VolumeHost,
): Promise<readonly Payload[]> {
  const { key, certificateChain } = await host.certificate(pod, place, projection);
  const files = [
    [projection.credentialBundlePath, key + certificateChain],
    [projection.keyPath, key],
    [projection.certificateChainPath, certificateChain],
  ] as const;
  const owned = ownership(projection.user, CERTIFICATE_MODE, pod);
  return files.flatMap(([path, data]) => (path ? [{ path, data, ...owned }] : []));
}

const CERTIFICATE_MODE = 0o644;

/** The user that all containers run as; undefined when they differ or the image decides. */
function onlyUser({ spec }: Pod): Integer | undefined {
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
  const users = new Set(containers.map((c) => c.securityContext?.runAsUser ?? spec.securityContext?.runAsUser));
  const [user] = users;
  return users.size === 1 ? user : undefined;
}

async function trustPayload(source: ClusterTrustBundleProjection, mode = 0o644, host: VolumeHost): Promise<Payload> {
  const { name, signerName } = source;
  const selector = compileLabelSelector(source.labelSelector);
  const bundles = (await host.trustBundles()).filter((bundle) =>
    name !== undefined ? bundle.name === name : bundle.signerName === signerName && selector.matches(bundle.labels),
  );
  if (bundles.length === 0 && !source.optional) {
    throw new VolumeError(
      name !== undefined
        ? `clustertrustbundle ${JSON.stringify(name)} not found`
        : `combination of signerName=${JSON.stringify(signerName)} and labelSelector matched zero ClusterTrustBundles`,
    );
  }
  const certificates = bundles
    .flatMap(({ pem }) => pem.match(CERTIFICATE) ?? [])
    .map((certificate) => `${certificate}\n`);
  return { path: source.path, data: [...new Set(certificates)].join(''), mode };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
