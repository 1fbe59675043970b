import {
  clusterTrustBundle,
  configMap,
  type ConfigMap,
  persistentVolume,
  persistentVolumeClaim,
  type Pod,
  secret,
  type Secret,
  type Service,
} from '@navarch/api';
import type { Clock, Random } from '@navarch/base';
import type { Api } from '@navarch/client';
import { hasReason } from '@navarch/machinery';
import { localVolumesDir, type NodeDirs } from './container-config.ts';
import type { CsiVolumes } from './csi/csi-volumes.ts';
import type { EnvironmentSources } from './environment/environment.ts';
import type { Amounts } from './environment/resource-value.ts';
import type { CertificateKeys, Files, ImageMounts } from './ports.ts';
import type { AccountTokens } from './volumes/account-tokens.ts';
import { PodCertificates } from './volumes/pod-certificates.ts';
import { WrittenSets } from './volumes/written-sets.ts';
import type { TrustBundle, VolumeHost } from './volumes/volume-plugin.ts';

const orAbsent = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
};

export interface SourcesDeps {
  readonly api: Api;
  /** What the node has to give to pods. */
  readonly allocatable: Amounts;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly otherNodeIPs?: readonly string[];
  /** The services of a namespace, as far as they are known. */
  services(namespace: string): readonly Service[];
}

/** The objects that a pod's variables are taken from, read before they are needed. */
export async function environmentSources(
  p: Pod,
  { api, allocatable, nodeName, nodeIP, otherNodeIPs = [], services }: SourcesDeps,
): Promise<EnvironmentSources> {
  const namespace = p.metadata.namespace ?? '';
  const containers = [...(p.spec.initContainers ?? []), ...p.spec.containers, ...(p.spec.ephemeralContainers ?? [])];
  const names = (pick: (c: (typeof containers)[number]) => readonly (string | undefined)[]): readonly string[] => [
    ...new Set(containers.flatMap(pick).filter((n) => n !== undefined)),
  ];
  const mapNames = names((c) => [
    ...(c.envFrom ?? []).map((f) => f.configMapRef?.name),
    ...(c.env ?? []).map((e) => e.valueFrom?.configMapKeyRef?.name),
  ]);
  const secretNames = names((c) => [
    ...(c.envFrom ?? []).map((f) => f.secretRef?.name),
    ...(c.env ?? []).map((e) => e.valueFrom?.secretKeyRef?.name),
  ]);
  const maps = new Map<string, ConfigMap | undefined>();
  const secrets = new Map<string, Secret | undefined>();
  for (const name of mapNames) maps.set(name, await orAbsent(api.of(configMap).get(`${namespace}/${name}`)));
  for (const name of secretNames) secrets.set(name, await orAbsent(api.of(secret).get(`${namespace}/${name}`)));
  return {
    configMap: (name) => maps.get(name),
    secret: (name) => secrets.get(name),
    services: [
      ...services(namespace),
      ...(namespace === 'default' ? [] : services('default').filter((s) => s.metadata.name === 'kubernetes')),
    ],
    podIPs: (p.status.podIPs ?? []).map(({ ip }) => ip ?? ''),
    hostIPs: [nodeIP, ...otherNodeIPs],
    nodeName,
    allocatable,
  };
}

/** The pull secrets that a pod names and that exist. */
export async function pullSecrets(api: Api, p: Pod): Promise<readonly Secret[]> {
  const found: Secret[] = [];
  for (const { name } of p.spec.imagePullSecrets ?? []) {
    const one = name ? await orAbsent(api.of(secret).get(`${p.metadata.namespace}/${name}`)) : undefined;
    if (one) found.push(one);
  }
  return found;
}

export interface VolumeHostDeps {
  readonly api: Api;
  readonly files: Files;
  /** What the node has to give to pods. */
  readonly allocatable: Amounts;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: CertificateKeys;
  readonly imageMounts?: ImageMounts;
  readonly tokens: AccountTokens;
  readonly csi?: CsiVolumes;
  readonly dirs: NodeDirs;
  /** Ends what volumes wait for. */
  readonly signal: AbortSignal;
}

/** What volume plugins see of the cluster: objects are read when a volume is made, not kept. */
export function volumeHost(deps: VolumeHostDeps): VolumeHost {
  const { api, files, allocatable, nodeName, nodeIP, clock, dirs, tokens, csi } = deps;
  const certificates = new PodCertificates(deps);
  const written = new WrittenSets(files);
  return {
    files,
    written,
    clock,
    ...(csi ? { csi } : {}),
    nodeName,
    hostIP: nodeIP,
    releaseImage: async (dir) => deps.imageMounts?.unmount(dir),
    localVolumes: localVolumesDir(dirs),
    allocatable,
    configMap: (namespace, name) => orAbsent(api.of(configMap).get(`${namespace}/${name}`)),
    secret: (namespace, name) => orAbsent(api.of(secret).get(`${namespace}/${name}`)),
    claim: (namespace, name) => orAbsent(api.of(persistentVolumeClaim).get(`${namespace}/${name}`)),
    persistentVolume: (name) => orAbsent(api.of(persistentVolume).get(name)),
    async trustBundles() {
      const { items } = await api.of(clusterTrustBundle).list();
      return items.map(({ metadata, spec }): TrustBundle => ({
        name: metadata.name,
        signerName: spec.signerName ?? '',
        labels: metadata.labels ?? {},
        pem: spec.trustBundle,
      }));
    },
    token: (p, audience, expirationSeconds) => tokens.get(p, audience, expirationSeconds),
    certificate: (p, place, projection) => certificates.get(p, place, projection),
    forget(podUid) {
      tokens.forget(podUid);
      certificates.forget(podUid);
      written.forget(podUid);
    },
  };
}
