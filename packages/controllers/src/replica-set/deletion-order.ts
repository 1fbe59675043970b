import { isReady, type Pod } from '@navarch/api';

const COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** Which pods to lose first: unplaced, not running, not ready, cheap, crowded, young, often restarted (KEP-2255). */
export function deletionOrder(pods: readonly Pod[]): readonly Pod[] {
  const perNode = new Map<string, number>();
  for (const { spec } of pods) if (spec.nodeName) perNode.set(spec.nodeName, (perNode.get(spec.nodeName) ?? 0) + 1);
  const ranks = new Map(pods.map((p) => [p, rank(p, perNode)]));
  return pods.toSorted((a, b) => compare(ranks.get(a) as readonly number[], ranks.get(b) as readonly number[]));
}

function rank(p: Pod, perNode: ReadonlyMap<string, number>): readonly number[] {
  const ready = p.status.conditions?.find((c) => c.type === 'Ready');
  const since = isReady(p) ? Date.parse(ready?.lastTransitionTime ?? '') || 0 : 0;
  const restarts = Math.max(0, ...(p.status.containerStatuses ?? []).map((c) => c.restartCount));
  return [
    p.spec.nodeName ? 1 : 0, PHASES[p.status.phase ?? 'Pending'] ?? 1, isReady(p) ? 1 : 0, Number(p.metadata.annotations?.[COST] ?? 0),
    -(perNode.get(p.spec.nodeName ?? '') ?? 0), -since, -restarts, -Date.parse(p.metadata.creationTimestamp),
  ];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
