import { isReady, type Pod } from '@navarch/api';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASES = ['Pending', 'Unknown', 'Running'];

/**
 * The pods whose loss costs least, first: not scheduled, not running, not ready, cheap by annotation (KEP-2255), crowded
 * on their node, ready for a shorter time, restarted more often, younger. Durations are compared by their order of
 * magnitude (KEP-2185), so that age alone does not decide among pods made together.
 *
 * @param related every active pod of the same rollout, for counting how crowded a node is
 * @param nowMs since the epoch
 */
export function firstToGo(pods: readonly Pod[], related: readonly Pod[], nowMs: number): readonly Pod[] {
  const perNode = new Map<string, number>();
  for (const { spec } of related) if (spec.nodeName) perNode.set(spec.nodeName, (perNode.get(spec.nodeName) ?? 0) + 1);
  const ranked = pods.map((pod) => ({ pod, rank: rankOf(pod, perNode, nowMs) }));
  return ranked
    .sort((a, b) => compare(a.rank, b.rank) || (a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1))
    .map(({ pod }) => pod);
}

/** Smaller goes first, at the first difference. */
function rankOf(pod: Pod, perNode: ReadonlyMap<string, number>, nowMs: number): readonly number[] {
  const { nodeName = '' } = pod.spec;
  const isUp = isReady(pod);
  const readySince = pod.status.conditions?.find((c) => c.type === 'Ready' && c.status === 'True')?.lastTransitionTime;
  const restarts = (pod.status.containerStatuses ?? []).map((status) => status.restartCount);
  const sidecarNames = new Set(
    (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name),
  );
  const sidecarRestarts = (pod.status.initContainerStatuses ?? [])
    .filter((s) => sidecarNames.has(s.name))
    .map((s) => s.restartCount);
  return [
    nodeName === '' ? 0 : 1,
    PHASES.indexOf(pod.status.phase ?? 'Pending'),
    isUp ? 1 : 0,
    costOf(pod),
    -(perNode.get(nodeName) ?? 0),
    isUp ? magnitude(readySince, nowMs) : 0,
    -Math.max(0, ...restarts),
    -Math.max(0, ...sidecarRestarts),
    magnitude(pod.metadata.creationTimestamp, nowMs),
  ];
}

function costOf(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST] ?? '0';
  return /^-?\d{1,10}$/.test(text) ? Number(text) : 0;
}

/** The order of magnitude of how long ago it was, in nanoseconds as upstream counts; no time at all counts as now. */
function magnitude(since: string | undefined, nowMs: number): number {
  if (since === undefined) return -1;
  const nanoseconds = (nowMs - Date.parse(since)) * 1e6;
  return nanoseconds <= 0 ? -1 : Math.floor(Math.log2(nanoseconds));
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
