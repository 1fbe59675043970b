import { isActive, isReady, type Pod, pod, statefulSet } from '@navarch/api';
import { statefulSetController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { imageOf, named, podTemplate, withImage } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

export type StatefulSet = ObjectOf<typeof statefulSet>;
export const KEY = 'default/db';
export const controllers = () => [statefulSetController];

/** A stateful set `db`. */
export const db = (replicas: number, more: object = {}): Draft<StatefulSet> => ({
  metadata: named('db'),
  spec: {
    serviceName: 'db',
    replicas,
    selector: { matchLabels: { app: 'db' } },
    template: podTemplate('db'),
    ...more,
  } as Draft<StatefulSet>['spec'],
});

export const claims = {
  volumeClaimTemplates: [
    {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  ],
};

export const setOf = (view: View): StatefulSet | undefined => view.get(statefulSet, KEY);

export const change = (world: World, spec: object): Promise<StatefulSet> =>
  world.change(statefulSet, KEY, (s) => ({ ...s, spec: { ...s.spec, ...spec } }));

export const setImage = (world: World, image: string): Promise<StatefulSet> =>
  world.change(statefulSet, KEY, (s) => ({ ...s, spec: withImage(s.spec, image) }));

export const ordinalOf = (p: Pod): number => Number(p.metadata.name.split('-').at(-1));

/** `ordinal image` of every pod that is ready and stays, in order. */
export const up = (view: View): readonly string[] =>
  view
    .list(pod)
    .filter((p) => isActive(p) && isReady(p))
    .toSorted((a, b) => ordinalOf(a) - ordinalOf(b))
    .map((p) => `${ordinalOf(p)} ${imageOf(p)}`);

export const isUp = (view: View, replicas: number, image = 'v1'): boolean =>
  JSON.stringify(up(view)) === JSON.stringify(Array.from({ length: replicas }, (_, i) => `${i} ${image}`)) &&
  setOf(view)?.status.readyReplicas === replicas &&
  setOf(view)?.status.observedGeneration === setOf(view)?.metadata.generation;

/** Two pods of one identity would write to one volume. */
export const onePodPerOrdinal: Property = invariantOf('never two pods of one ordinal', [pod], (view) => {
  const indexes = view.list(pod).map((p) => p.metadata.labels?.['apps.kubernetes.io/pod-index'] ?? p.metadata.name);
  return new Set(indexes).size < indexes.length ? indexes.join(', ') : undefined;
});

/** A pod is made when every one before it is ready. */
export const madeInOrder: Property = defineProperty({
  name: 'made in order',
  of: [pod],
  begin() {
    const seen = new Set<string>();
    return (view) => {
      const pods = view.list(pod);
      for (const p of pods) {
        if (seen.has(p.metadata.uid)) continue;
        seen.add(p.metadata.uid);
        const before = pods.filter((other) => ordinalOf(other) < ordinalOf(p));
        if (before.length < ordinalOf(p)) return `${p.metadata.name} before one of those before it`;
        const notReady = before.find((other) => !isReady(other));
        if (notReady) return `${p.metadata.name} while ${notReady.metadata.name} is not ready`;
      }
      return undefined;
    };
  },
});

/** A pod goes when none is after it. */
export const goneInOrder: Property = defineProperty({
  name: 'gone in order, the last first',
  of: [pod],
  begin() {
    const going = new Set<string>();
    return (view) => {
      const pods = view.list(pod);
      for (const p of pods) {
        if (p.metadata.deletionTimestamp === undefined || going.has(p.metadata.uid)) continue;
        going.add(p.metadata.uid);
        const after = pods.find((other) => ordinalOf(other) > ordinalOf(p));
        if (after) return `${p.metadata.name} goes while ${after.metadata.name} is there`;
      }
      return undefined;
    };
  },
});

export const atMostMissing = (most: number, replicas: number): Property =>
  defineProperty({
    name: `never more than ${most} of ${replicas} missing`,
    of: [pod, statefulSet],
    begin() {
      let wasUp = false;
      return (view) => {
        const ready = up(view).length;
        wasUp ||= setOf(view)?.status.readyReplicas === replicas;
        return wasUp && ready < replicas - most ? `${ready} are ready` : undefined;
      };
    },
  });
