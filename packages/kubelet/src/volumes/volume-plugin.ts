import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodCertificateProjection,
  Secret,
  Volume,
} from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { CsiVolumes } from '../csi/csi-volumes.ts';
import type { Amounts } from '../environment/resource-value.ts';
import type { NamedObject } from '../named-objects/named-objects.ts';
import type { Files } from '../ports.ts';
import type { PodCredential } from './pod-certificates.ts';
import type { WrittenSets } from './written-sets.ts';

/** What a plugin may ask of the cluster and the node. What does not exist is undefined. */
export interface VolumeHost {
  readonly files: Files;
  /** What is known to be in the folders of files that are made from objects. */
  readonly written: WrittenSets;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly hostIP: string;
  /** The folder of persistent volumes that are folders of this node. */
  readonly localVolumes: string;
  /** What the node has to give: the limit of a container that has none. */
  readonly allocatable: Amounts;
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  claim(namespace: string, name: string): Promise<PersistentVolumeClaim | undefined>;
  persistentVolume(name: string): Promise<PersistentVolume | undefined>;
  trustBundles(): Promise<readonly TrustBundle[]>;
  /** A token of the pod's account, fresh for at least a fifth of its life. */
  token(pod: Pod, audience: string, expirationSeconds: number): Promise<string>;
  /** A key made here and its certificates; `place` names the source within the pod. Throws VolumeError while there is none. */
  certificate(pod: Pod, place: string, projection: PodCertificateProjection): Promise<PodCredential>;
  /** Volumes of CSI drivers; absent where no driver can be spoken to. */
  readonly csi?: CsiVolumes;
  /** Takes away an image that was shown at a volume's folder, if any was. */
  releaseImage(dir: string): Promise<void>;
  /** The pod is gone: what was kept for it is not needed any more. */
  forget(podUid: string): void;
}

/** Certificates that a signer's clients are to trust (KEP-3257). */
export interface TrustBundle {
  readonly name: string;
  readonly signerName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pem: string;
}

export interface SetUp<S> {
  readonly source: S;
  /** In the pod. */
  readonly name: string;
  /** Where the volume is made; containers get it, or `pathOf`, mounted. */
  readonly dir: string;
  readonly pod: Pod;
  /** The volume is of no use to anybody any more: nothing that may take long is begun for it. */
  readonly signal?: AbortSignal;
  /** Says that the volume is elsewhere than at `dir`. */
  place(path: string): void;
}

/** Every method may be called again after a crash half-way through: it brings the node to the state, whatever it finds. */
export interface VolumePlugin<K extends keyof Volume = any> {
  readonly source: K;
  /** Contents follow what they are made from: set up again now and then. */
  readonly isLive: boolean;
  /** No container may write to it, whatever its mount says: what is in it is the cluster's. */
  readonly isReadOnly: boolean;
  /** The objects of the pod's namespace that its contents are made from: set up again when one of them changes. */
  names?(source: NonNullable<Volume[K]>): readonly NamedObject[];
  /** Where the volume is, when it is not the folder given. */
  pathOf?(source: NonNullable<Volume[K]>): string;
  /** Throws VolumeError when the volume cannot be made yet, or at all. */
  setUp(volume: SetUp<NonNullable<Volume[K]>>, host: VolumeHost): Promise<void>;
  /** What a volume that is there needs now and then. Throws VolumeError. */
  refresh?(volume: SetUp<NonNullable<Volume[K]>>, host: VolumeHost): Promise<void>;
  tearDown(dir: string, host: VolumeHost): Promise<void>;
  /** Asked when a pod has waited for long: the volume cannot be had on this node, which has as many as it can bear. */
  isExhausted?(volume: SetUp<NonNullable<Volume[K]>>, host: VolumeHost): Promise<boolean>;
}

export const defineVolumePlugin = <const K extends keyof Volume>(plugin: VolumePlugin<K>): VolumePlugin<K> =>
  Object.freeze(plugin);

/** Takes a volume's mount and folder away. */
export async function removeVolume(dir: string, { files }: Pick<VolumeHost, 'files'>): Promise<void> {
  await files.unmountBelow(dir);
  await files.removeTree(dir);
}
