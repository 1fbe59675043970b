import type { Pod } from '@navarch/api';
import { definePlugin, misfit } from '../plugin.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { claimsOf, type PodClaim } from './pod-claims.ts';

const OTHER_ZONE = misfit(false, 'node(s) had no available volume zone');
const [ZONE, REGION] = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];
/** Each label that says where something is, and the one that says it today: volumes live longer than nodes. */
const TODAY: Readonly<Record<string, string>> = {
  [ZONE]: ZONE,
  [REGION]: REGION,
  'failure-domain.beta.kubernetes.io/zone': ZONE,
  'failure-domain.beta.kubernetes.io/region': REGION,
};
export const PLACE_LABELS = Object.keys(TODAY);

interface Place {
  readonly label: string;
  readonly values: ReadonlySet<string>;
  /** Whose label it is. */
  readonly volume: string;
}

/** Keeps a pod to the zones that its volumes are labelled with; several are joined by two underscores. */
export const volumeZone = definePlugin<readonly Place[]>({
  name: 'VolumeZone',
  scope: 'cluster',
  wakesOn: ['node-added', 'node-changed', 'storage-changed'],
  refuse(pod, snapshot) {
    const lost = namedClaims(pod, snapshot).find(({ claim, volume }) => claim?.spec.volumeName && !volume);
    return lost && misfit(false, `persistentvolume ${JSON.stringify(lost.claim?.spec.volumeName)} not found`);
  },
  prepare(pod, snapshot) {
    const places = placesOf(pod, snapshot);
    return places.length > 0 ? places : undefined;
  },
  filter(_pod, { labels }, places) {
    // A node that says nothing of zones is in a cluster without any.
    if (!PLACE_LABELS.some((label) => labels[label] !== undefined)) return undefined;
    return places.every(({ label, values }) => values.has(labels[label] ?? labels[TODAY[label] ?? ''] ?? ''))
      ? undefined
      : OTHER_ZONE;
  },
});

/** Where the volumes of a pod are. */
export const placesOf = (pod: Pod, snapshot: Snapshot): readonly Place[] =>
  namedClaims(pod, snapshot).flatMap(({ volume }) =>
    PLACE_LABELS.flatMap((label) => {
      const values = volume?.metadata.labels?.[label]?.split('__');
      // A list with a blank in it says nothing.
      return volume && values && !values.includes('')
        ? [{ label, values: new Set(values), volume: volume.metadata.name }]
        : [];
    }),
  );

/** Claims that the pod names; not those of its ephemeral volumes, which are made where the pod is. */
const namedClaims = (pod: Pod, snapshot: Snapshot): readonly PodClaim[] =>
  claimsOf(snapshot.templateOf(pod), snapshot.objects).filter(({ name }) =>
    pod.spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name),
  );
