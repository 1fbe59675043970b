import type { Pod } from '../../generated/types/core-v1.ts';

/** Names, in the pod's namespace, of what the pod needs on its node. */
export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  readonly resourceClaims: ReadonlySet<string>;
  readonly serviceAccount: string;
}

const known = new WeakMap<Pod, PodReferences>();

/** Read once for each version of a pod: stored objects never change. */
export function referencesOf(pod: Pod): PodReferences {
  let found = known.get(pod);
  if (!found) known.set(pod, (found = read(pod)));
  return found;
}

function read({ metadata, spec, status }: Pod): PodReferences {
  const secrets = new Set<string>();
  const configMaps = new Set<string>();
  const claims = new Set<string>();
  for (const reference of spec.imagePullSecrets ?? []) add(secrets, reference.name);
  for (const container of [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]) {
    for (const source of container.envFrom ?? []) {
      add(secrets, source.secretRef?.name);
      add(configMaps, source.configMapRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add(secrets, valueFrom?.secretKeyRef?.name);
      add(configMaps, valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    for (const name of volumeSecrets(volume)) add(secrets, name);
    add(configMaps, volume.configMap?.name);
    for (const source of volume.projected?.sources ?? []) {
      add(secrets, source.secret?.name);
      add(configMaps, source.configMap?.name);
    }
    add(claims, volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral) add(claims, `${metadata.name}-${volume.name}`);
  }
  const resourceClaims = new Set([
    ...(spec.resourceClaims ?? []).flatMap((claim) => claim.resourceClaimName ?? []),
    ...(status.resourceClaimStatuses ?? []).flatMap((claim) => claim.resourceClaimName ?? []),
    ...(status.extendedResourceClaimStatus ? [status.extendedResourceClaimStatus.resourceClaimName] : []),
  ]);
  return { secrets, configMaps, claims, resourceClaims, serviceAccount: spec.serviceAccountName ?? '' };
}

type Volume = NonNullable<Pod['spec']['volumes']>[number];

/** Every kind of volume that names a secret beside the pod. */
const volumeSecrets = (volume: Volume): readonly (string | undefined)[] => [
  volume.secret?.secretName,
  volume.csi?.nodePublishSecretRef?.name,
  volume.azureFile?.secretName,
  volume.cephfs?.secretRef?.name,
  volume.cinder?.secretRef?.name,
  volume.flexVolume?.secretRef?.name,
  volume.iscsi?.secretRef?.name,
  volume.rbd?.secretRef?.name,
  volume.scaleIO?.secretRef?.name,
  volume.storageos?.secretRef?.name,
];

function add(names: Set<string>, name: string | undefined): void {
  if (name) names.add(name);
}
