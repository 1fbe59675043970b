import { isTerminal, type Pod, type podDisruptionBudget } from '@navarch/api';
import { compileLabelSelector, controllerOf, type ObjectOf } from '@navarch/machinery';

type Budget = ObjectOf<typeof podDisruptionBudget>;

const SAFE_TO_EVICT = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
const MIRROR = 'kubernetes.io/config.mirror';

/** What stays with its node whatever happens: it goes when the node does. */
export const goesWithNode = (pod: Pod): boolean =>
  isTerminal(pod) || pod.metadata.annotations?.[MIRROR] !== undefined || controllerOf(pod)?.kind === 'DaemonSet';

/** Why the pod keeps its node, by upstream's name of the reason; undefined: it may be moved. */
export function whatHolds(pod: Pod, budgets: readonly Budget[]): string | undefined {
  const { annotations = {}, namespace } = pod.metadata;
  const said = annotations[SAFE_TO_EVICT];
  const covering = budgets.filter(
    ({ metadata, spec }) =>
      metadata.namespace === namespace &&
      spec.selector !== undefined &&
      compileLabelSelector(spec.selector).matches(pod.metadata.labels),
  );
  if (covering.some(({ status }) => (status?.disruptionsAllowed ?? 0) < 1)) return 'NotEnoughPdb';
  if (said === 'true') return undefined;
  if (said === 'false') return 'NotSafeToEvictAnnotation';
  if (!controllerOf(pod)) return 'NotReplicated';
  if (namespace === 'kube-system' && covering.length === 0) return 'UnmovableKubeSystemPod';
  const hasLocalStorage = (pod.spec.volumes ?? []).some(
    ({ emptyDir, hostPath }) => (emptyDir && emptyDir.medium !== 'Memory') || hostPath,
  );
  return hasLocalStorage ? 'LocalStorageRequested' : undefined;
}
