import type { Volume, VolumeProjection } from '../../generated/types/core-v1.ts';

/** A path inside a volume, and what puts a file there. */
interface Claimed {
  readonly path: string;
  readonly by: string;
}

/** Files of one volume that hide each other: the last one written wins. */
export const pathWarnings = (volumes: readonly Volume[] | undefined): readonly string[] =>
  (volumes ?? []).flatMap(volumeWarnings);

function volumeWarnings({ name, configMap, secret, downwardAPI, projected }: Volume): readonly string[] {
  const plain = (items: readonly { readonly path: string }[] | undefined, what: string): readonly string[] =>
    overlaps(claims(items, '')).map((text) => said(name, what, text));
  return [
    ...plain(configMap?.items, `ConfigMap ${quoted(configMap?.name)}`),
    ...plain(secret?.items, `Secret ${quoted(secret?.secretName)}`),
    ...plain(downwardAPI?.items, 'DownwardAPI'),
    ...projectedWarnings(name, projected?.sources ?? []),
  ];
}

function projectedWarnings(name: string, sources: readonly VolumeProjection[]): readonly string[] {
  const isEmpty = (source: VolumeProjection): boolean =>
    Object.values(source).every((value) => value === undefined || value === null);
  return [
    ...sources.filter(isEmpty).map(() => `volume ${quoted(name)} (Projected) has no sources provided`),
    ...overlaps(sources.flatMap(claimedBy)).map((text) => said(name, 'Projected', text)),
  ];
}

const said = (volume: string, what: string, text: string): string =>
  `volume ${quoted(volume)} (${what}): overlapping paths: ${text}`;
const quoted = (text = ''): string => JSON.stringify(text);
const claims = (items: readonly { readonly path: string }[] | undefined, by: string): readonly Claimed[] =>
  (items ?? []).map(({ path }) => ({ path, by }));

function claimedBy({
  configMap,
  secret,
  downwardAPI,
  serviceAccountToken: token,
  clusterTrustBundle: bundle,
  podCertificate,
}: VolumeProjection): readonly Claimed[] {
  if (configMap?.items) return claims(configMap.items, `ConfigMap ${quoted(configMap.name)}`);
  if (secret?.items) return claims(secret.items, `Secret ${quoted(secret.name)}`);
  if (downwardAPI?.items) return claims(downwardAPI.items, 'DownwardAPI');
  if (token) return [{ path: token.path, by: 'ServiceAccountToken' }];
  if (bundle) return [{ path: bundle.path, by: `ClusterTrustBundle ${quoted(bundle.name ?? bundle.signerName)}` }];
  return [
    { path: podCertificate?.certificateChainPath ?? '', by: 'PodCertificate chain' },
    { path: podCertificate?.keyPath ?? '', by: 'PodCertificate key' },
    { path: podCertificate?.credentialBundlePath ?? '', by: 'PodCertificate credential bundle' },
  ];
}

function overlaps(all: readonly Claimed[]): readonly string[] {
  const trimmed = all.map(({ path, by }) => ({ path: path.replace(/\/+$/, ''), by })).filter(({ path }) => path !== '');
  return trimmed.flatMap((one, i) =>
    trimmed
      .slice(0, i)
      .filter((other) => isWithin(one, other) || isWithin(other, one))
      .map((other) => `${shown(one)} with ${shown(other)}`),
  );
}

const isWithin = (inner: Claimed, outer: Claimed): boolean => `${inner.path}/`.startsWith(`${outer.path}/`);
const shown = ({ path, by }: Claimed): string => (by === '' ? quoted(path) : `${quoted(path)} (${by})`);
