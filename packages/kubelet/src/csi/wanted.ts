import type { CSIVolumeSource, PersistentVolume, PersistentVolumeClaim, Pod } from '@navarch/api';
import { accessOf, type WantedAccess } from './capability.ts';
import { inlineHandle } from './paths.ts';

export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** A volume of a driver, as one pod wants it. */
export interface Wanted {
  readonly pod: Pod;
  readonly driver: string;
  readonly handle: string;
  /** The persistent volume's name, or that of the volume in the pod: folders and events go by it. */
  readonly name: string;
  readonly mode: 'Persistent' | 'Ephemeral';
  readonly access: WantedAccess;
  readonly isReadOnly: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  readonly stageSecret?: SecretName;
  readonly publishSecret?: SecretName;
  readonly expandSecret?: SecretName;
  /** What it is to be of: the volume, and what its claim says of it. */
  readonly claim?: PersistentVolumeClaim;
  readonly capacity?: string;
}

/** A volume with a claim. */
export function persistentWanted(
  pod: Pod,
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
  isReadOnly: boolean,
): Wanted | undefined {
  const { csi } = volume.spec;
  if (!csi) return undefined;
  const { nodeStageSecretRef: stage, nodePublishSecretRef: publish, nodeExpandSecretRef: expand } = csi;
  const capacity = volume.spec.capacity?.['storage'];
  return {
    pod,
    driver: csi.driver,
    handle: csi.volumeHandle,
    name: volume.metadata.name,
    mode: 'Persistent',
    access: accessOf(volume),
    isReadOnly,
    attributes: csi.volumeAttributes ?? {},
    claim,
    ...(capacity === undefined ? {} : { capacity }),
    ...(stage ? { stageSecret: nameOf(stage) } : {}),
    ...(publish ? { publishSecret: nameOf(publish) } : {}),
    ...(expand ? { expandSecret: nameOf(expand) } : {}),
  };
}

const nameOf = ({ namespace = '', name = '' }: Partial<SecretName>): SecretName => ({ namespace, name });

/** A volume that comes and goes with its pod. */
export function inlineWanted(pod: Pod, name: string, source: CSIVolumeSource): Wanted {
  const { nodePublishSecretRef: publish } = source;
  return {
    pod,
    driver: source.driver,
    handle: inlineHandle(pod.metadata.uid, name),
    name,
    mode: 'Ephemeral',
    access: { accessModes: ['ReadWriteOnce'], isBlock: false, fsType: source.fsType ?? '', mountOptions: [] },
    isReadOnly: source.readOnly ?? false,
    attributes: source.volumeAttributes ?? {},
    ...(publish ? { publishSecret: nameOf({ ...publish, namespace: pod.metadata.namespace ?? '' }) } : {}),
  };
}
