import type { ConfigMap, Pod, Secret, Volume } from '@navarch/api';
import type { Files } from '../ports.ts';

/** What a plugin may ask of the cluster and the node. */
export interface VolumeHost {
  readonly files: Files;
  readonly nodeName: string;
  readonly hostIP: string;
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  /** A token of the pod's account, fresh for at least a fifth of its life. */
  token(pod: Pod, audience: string, expirationSeconds: number): Promise<string>;
}

export interface SetUp<S> {
  readonly source: S;
  /** Where the volume is made; containers get it, or `pathOf`, mounted. */
  readonly dir: string;
  readonly pod: Pod;
}

/** Every method may be called again after a crash half-way through: it brings the node to the state, whatever it finds. */
export interface VolumePlugin<K extends keyof Volume = any> {
  readonly source: K;
  /** Contents follow what they are made from: set up again now and then. */
  readonly isLive: boolean;
  /** Where the volume is, when it is not the folder given. */
  pathOf?(source: NonNullable<Volume[K]>): string;
  setUp(volume: SetUp<NonNullable<Volume[K]>>, host: VolumeHost): Promise<void>;
  tearDown(dir: string, host: VolumeHost): Promise<void>;
}

export const defineVolumePlugin = <const K extends keyof Volume>(plugin: VolumePlugin<K>): VolumePlugin<K> => Object.freeze(plugin);

/** A volume cannot be made yet or at all; the text is what the FailedMount event says. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}
