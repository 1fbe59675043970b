import type { Volume, VolumeProjection } from '../../generated/types/core-v1.ts';

/** A path inside a volume. */
interface Claimed {
  readonly path: string;
  /** What puts a file there, where the volume has several. Hardly ever told, so it is a text only then. */
  by?(): string;
}

/** Files of one volume that hide each other: the last one written wins. */
export function pathWarnings(volumes: readonly Volume[] | undefined): readonly string[] {
  const told: string[] = [];
  for (const volume of volumes ?? []) tellVolume(volume, told);
  return told;
}

function tellVolume({ name, configMap, secret, downwardAPI, projected }: Volume, told: string[]): void {
  if (configMap?.items) tellOverlaps(configMap.items, name, () => `ConfigMap ${quoted(configMap.name)}`, told);
  if (secret?.items) tellOverlaps(secret.items, name, () => `Secret ${quoted(secret.secretName)}`, told);
  if (downwardAPI?.items) tellOverlaps(downwardAPI.items, name, () => 'DownwardAPI', told);
  if (!projected?.sources) return;
  for (const source of projected.sources)
    if (isEmpty(source)) told.push(`volume ${quoted(name)} (Projected) has no sources provided`);
  tellOverlaps(projected.sources.flatMap(claimedBy), name, () => 'Projected', told);
}

const isEmpty = (source: VolumeProjection): boolean =>
  Object.values(source).every((value) => value === undefined || value === null);

const quoted = (text = ''): string => JSON.stringify(text);

function claimedBy({
  configMap,
  secret,
  downwardAPI,
  serviceAccountToken: token,
  clusterTrustBundle: bundle,
  podCertificate,
}: VolumeProjection): readonly Claimed[] {
  const claims = (items: readonly Claimed[], by: () => string): readonly Claimed[] =>
    items.map(({ path }) => ({ path, by }));
  if (configMap?.items) return claims(configMap.items, () => `ConfigMap ${quoted(configMap.name)}`);
  if (secret?.items) return claims(secret.items, () => `Secret ${quoted(secret.name)}`);
  if (downwardAPI?.items) return claims(downwardAPI.items, () => 'DownwardAPI');
  if (token) return claims([token], () => 'ServiceAccountToken');
  if (bundle) return claims([bundle], () => `ClusterTrustBundle ${quoted(bundle.name ?? bundle.signerName)}`);
  return [
    { path: podCertificate?.certificateChainPath ?? '', by: () => 'PodCertificate chain' },
    { path: podCertificate?.keyPath ?? '', by: () => 'PodCertificate key' },
    { path: podCertificate?.credentialBundlePath ?? '', by: () => 'PodCertificate credential bundle' },
  ];
}

function tellOverlaps(all: readonly Claimed[], volume: string, what: () => string, told: string[]): void {
  const earlier: Claimed[] = [];
  for (const { path, by } of all) {
    const one: Claimed = { path: path.replace(/\/+$/, ''), ...(by ? { by } : {}) };
    if (one.path === '') continue;
    for (const other of earlier) {
      if (!isWithin(one.path, other.path) && !isWithin(other.path, one.path)) continue;
      told.push(`volume ${quoted(volume)} (${what()}): overlapping paths: ${shown(one)} with ${shown(other)}`);
    }
    earlier.push(one);
  }
}

const isWithin = (inner: string, outer: string): boolean =>
  inner.startsWith(outer) && (inner.length === outer.length || inner[outer.length] === '/');
const shown = ({ path, by }: Claimed): string => (by ? `${quoted(path)} (${by()})` : quoted(path));
