import { definePlugin, misfit } from '../plugin.ts';
import { claimsOf } from './pod-claims.ts';

const OTHER_ZONE = misfit(false, 'node(s) had no available volume zone');
const LABELS = [
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
];

interface Place {
  readonly label: string;
  readonly values: ReadonlySet<string>;
}

/** Keeps a pod to the zones that its volumes are labelled with; several are joined by two underscores. */
export const volumeZone = definePlugin<readonly Place[]>({
  name: 'VolumeZone',
  scope: 'cluster',
  wakesOn: ['node-added', 'node-changed', 'storage-changed'],
  prepare(pod, snapshot) {
    const places = claimsOf(snapshot.templateOf(pod), snapshot.objects).flatMap(({ volume }) =>
      LABELS.flatMap((label) => {
        const value = volume?.metadata.labels?.[label];
        return value === undefined ? [] : [{ label, values: new Set(value.split('__')) }];
      }),
    );
    return places.length > 0 ? places : undefined;
  },
  filter(_pod, { labels }, places) {
    // A node that says nothing of zones is in a cluster without any.
    if (!LABELS.some((label) => labels[label] !== undefined)) return undefined;
    return places.every(({ label, values }) => values.has(labels[label] ?? '')) ? undefined : OTHER_ZONE;
  },
});
