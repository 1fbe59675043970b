import type { Node, Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { type ApiObject, keyOf, type Kind } from '@navarch/machinery';
import { unfitMessage } from '../unfit.ts';
import { place, type Placement } from '../place.ts';
import type { Profile } from '../plugin.ts';
import { defaultProfile } from '../profile.ts';
import { Snapshot } from '../snapshot/snapshot.ts';

interface NodeShape {
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Partial<Node['spec']>;
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly images?: Node['status']['images'];
}

/** A node of 4 CPUs and 8 GiB whose hostname label is its name. */
export const nodeOf = (name: string, { labels = {}, spec = {}, allocatable = {}, images }: NodeShape = {}): Node =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...allocatable }, ...(images ? { images } : {}) },
  }) as unknown as Node;

interface PodShape {
  readonly cpu?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly namespace?: string;
  readonly spec?: Partial<Pod['spec']>;
  readonly status?: Partial<Pod['status']>;
  readonly metadata?: Partial<Pod['metadata']>;
}

/** A pending pod of one container. */
export const podOf = (
  name: string,
  { cpu = '100m', labels = {}, namespace = 'default', spec = {}, status = {}, metadata = {} }: PodShape = {},
): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: `uid-${namespace}-${name}`, labels, ...metadata },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...spec },
    status: { phase: 'Pending', ...status },
  }) as unknown as Pod;

export const snapshotOf = (
  nodes: readonly Node[],
  placed: Readonly<Record<string, readonly Pod[]>> = {},
  objects?: CacheReader,
): Snapshot => {
  const snapshot = new Snapshot(objects);
  for (const node of nodes) snapshot.setNode(node);
  for (const [nodeName, pods] of Object.entries(placed)) for (const pod of pods) snapshot.place(pod, nodeName);
  return snapshot;
};

export const put = (pod: Pod, snapshot: Snapshot, profile: Profile = defaultProfile, seed = 1): Placement =>
  place(pod, snapshot, profile, { random: seededRandom(seed) });

/** The name of the node, or the message that the pod gets. */
export function verdict(pod: Pod, snapshot: Snapshot, profile: Profile = defaultProfile): string {
  const placement = put(pod, snapshot, profile);
  return placement.node ?? unfitMessage(snapshot.nodes.length, placement);
}

/** A profile of some plugins, each with weight 1. */
export const profileOf = (...plugins: readonly Profile['plugins'][number]['plugin'][]): Profile => ({
  schedulerName: 'default-scheduler',
  plugins: plugins.map((plugin) => ({ plugin, weight: 1 })),
});

/** A cache of fixed objects. Indexes are answered by looking at all of them. */
export function objectsOf(...entries: readonly (readonly [Kind<any>, readonly object[]])[]): CacheReader {
  const all = new Map(entries.map(([kind, objects]) => [kind, objects as readonly ApiObject[]]));
  return {
    get: ((kind: Kind<any>, key: string) =>
      all.get(kind)?.find((object) => keyOf(object) === key)) as CacheReader['get'],
    list: ((kind: Kind<any>) => all.get(kind) ?? []) as CacheReader['list'],
    find: ((kind: Kind<any>, index: { valuesOf(object: ApiObject): readonly string[] }, value: string) =>
      (all.get(kind) ?? []).filter((object) => index.valuesOf(object).includes(value))) as CacheReader['find'],
    hasSeen: () => true,
  };
}
