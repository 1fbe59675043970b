import { deployment, isActive, isTerminal, type Pod, pod, replicaSet } from '@navarch/api';
import { controllerOf } from '@navarch/machinery';
import { activePods, imageOf, ownedBy, readyPods, WEB } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import type { View } from '../view.ts';

/** Of pods that are neither over nor going. */
export const neverMoreThan = (most: number): Property =>
  invariantOf(`never more than ${most} pods`, [pod], (view) => {
    const { length } = activePods(view);
    return length > most ? `${length} pods` : undefined;
  });

/** From when the deployment said so for the first time: what nobody has counted yet, nobody relies on. */
export const neverFewerReadyThan = (least: number): Property =>
  defineProperty({
    name: `never fewer than ${least} ready pods`,
    of: [pod, deployment],
    begin() {
      let wasReached = false;
      return (view) => {
        const { length } = readyPods(view);
        wasReached ||= (view.get(deployment, WEB)?.status.availableReplicas ?? 0) >= least;
        return wasReached && length < least ? `${length} are ready` : undefined;
      };
    },
  });

/** Of pods that have not been asked to go. */
export const oneVersionAtATime: Property = invariantOf('never two versions at once', [pod], (view) => {
  const versions = new Set(activePods(view).map(imageOf));
  return versions.size > 1 ? [...versions].join(', ') : undefined;
});

/** Also of those on their way out; as upstream, what has ended runs no more, though it may still be there. */
export const oneVersionRuns: Property = invariantOf('no version runs beside one on its way out', [pod], (view) => {
  const versions = new Set(view.list(pod).flatMap((p) => (isTerminal(p) ? [] : imageOf(p))));
  return versions.size > 1 ? [...versions].join(', ') : undefined;
});

/** Every pod has one owner that is there, and every set that has pods belongs to the deployment. */
export const everyPodIsOwned: Property = invariantOf('no pod without an owner', [pod], (view) => {
  const sets = new Set(view.list(replicaSet).map((set) => set.metadata.uid));
  const orphan = view.list(pod).find((p) => isActive(p) && !sets.has(controllerOf(p)?.uid ?? ''));
  return orphan && `${orphan.metadata.name} has none`;
});

/** Two sets for one template would each make all the pods. */
export const oneSetPerTemplate: Property = invariantOf('never two sets of one template', [replicaSet], (view) => {
  const images = ownedBy(view.list(replicaSet), view.get(deployment, WEB)).map(
    (set) => set.spec.template?.spec.containers[0]?.image ?? '',
  );
  return new Set(images).size < images.length ? images.join(', ') : undefined;
});

/** What `kubectl rollout status` waits for. */
export function isRolledOut(view: View, image: string, replicas: number): boolean {
  const found = view.get(deployment, WEB);
  const { observedGeneration, updatedReplicas, availableReplicas } = found?.status ?? {};
  return (
    found !== undefined &&
    imageOf(found.spec.template as unknown as Pod) === image &&
    observedGeneration === found.metadata.generation &&
    found.status.replicas === replicas &&
    updatedReplicas === replicas &&
    availableReplicas === replicas
  );
}
