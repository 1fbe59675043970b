import type { Clock } from '@navarch/base';
import type { Files } from '../../ports.ts';
import type { TrustBundle, VolumeHost } from '../volume-plugin.ts';
import { WrittenSets } from '../written-sets.ts';

type Objects = Readonly<Record<string, object>>;

/** What the cluster has, by name. */
export interface TestObjects {
  readonly configMaps?: Objects;
  readonly secrets?: Objects;
  readonly claims?: Objects;
  readonly persistentVolumes?: Objects;
  readonly bundles?: readonly TrustBundle[];
}

/** A node with two cores and one page of memory, in a cluster that has these objects. */
export function testHost(
  files: Files,
  clock: Clock,
  { configMaps = {}, secrets = {}, claims = {}, persistentVolumes = {}, bundles = [] }: TestObjects,
): VolumeHost {
  return {
    files,
    written: new WrittenSets(files),
    clock,
    nodeName: 'node',
    hostIP: '192.0.2.1',
    localVolumes: '/kubelet/local-volumes',
    allocatable: { cpu: '2', memory: '4Ki', 'ephemeral-storage': '1Gi' },
    configMap: async (_, name) => configMaps[name] as never,
    secret: async (_, name) => secrets[name] as never,
    claim: async (_, name) => claims[name] as never,
    persistentVolume: async (name) => persistentVolumes[name] as never,
    trustBundles: async () => bundles,
    token: async (pod, audience, seconds) => `token of ${pod.metadata.uid} for ${audience}, ${seconds} s`,
    certificate: async (pod, place, { signerName }) => ({
      key: `key of ${pod.metadata.uid}\n`,
      certificateChain: `${signerName} for ${place}\n`,
    }),
    releaseImage: (dir) => files.unmount(dir),
    forget: () => undefined,
  };
}
