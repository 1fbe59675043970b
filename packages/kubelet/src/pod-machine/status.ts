import { type ContainerStatus, type PodStatus, qosClassOf } from '@navarch/api';
import { conditionsOf } from './conditions.ts';
import { containerStatus } from './container-status.ts';
import type { Memory } from './memory.ts';
import { alive, type PodContainer } from './pod-container.ts';
import { runningPhase } from './phase.ts';
import { podResources } from './resize.ts';
import { time } from './time.ts';
import { outcomeOf } from './verdict.ts';
import type { PodView } from './pod-view.ts';

/** Of all containers of a pod together, bytes; a container's share is at most what one may say. */
const MESSAGES_BYTES_MAX = 12 * 1024;

/** What the API is told about a pod: containers, phase, conditions, in upstream's words. */
export function statusOf(view: PodView): PodStatus {
  const { pod, containers, memory, now, verdict } = view;
  // Of a pod that was turned away there is nothing to tell but why: its containers never waited for anything.
  const wasNever =
    verdict !== undefined && view.observed.containers.length === 0 && pod.status.containerStatuses === undefined;
  const byRole = (...roles: readonly PodContainer['role'][]): readonly ContainerStatus[] =>
    containers
      .filter((c) => roles.includes(c.role))
      .map((c) => containerStatus(c, view, Math.floor(MESSAGES_BYTES_MAX / containers.length)));
  const own = byRole('app');
  const init = byRole('init', 'sidecar');
  const ephemeral = byRole('ephemeral');
  const { phase, reason, message } = phaseOf(view);
  const { hostIP } = memory.node;
  const hostIPs = hostIPsOf(memory);
  const ips = addresses(view, phase);
  return {
    observedGeneration: pod.metadata.generation ?? 0,
    phase,
    conditions: conditionsOf(view, phase, [...init, ...own]),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(hostIP ? { hostIP, hostIPs: hostIPs.map((ip) => ({ ip })) } : {}),
    ...(ips[0] ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    startTime: pod.status.startTime ?? time(now),
    ...(wasNever ? {} : { ...(init.length > 0 ? { initContainerStatuses: init } : {}), containerStatuses: own }),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: pod.status.qosClass ?? qosClassOf(pod.spec),
    ...podResources(pod, containers, memory),
    ...(verdict && pod.status.resize ? { resize: pod.status.resize } : {}),
  };
}

/** A pod is called over when nothing of it runs any more, not before. */
function phaseOf({
  pod,
  containers,
  verdict,
}: PodView): Pick<PodStatus, 'reason' | 'message'> & { readonly phase: NonNullable<PodStatus['phase']> } {
  const isStill = !containers.some((c) => alive(c));
  if (isStill && verdict) return verdict;
  if (isStill && pod.metadata.deletionTimestamp) return { phase: outcomeOf(containers) };
  // What the API calls over stays over.
  if (verdict && pod.status.phase === verdict.phase) return verdict;
  return { phase: runningPhase(containers) };
}

/** A pod that is over keeps the addresses it had, though its sandbox is gone. */
function addresses(
  {
    pod,
    observed: {
      sandboxes: [sandbox],
    },
    memory,
  }: PodView,
  phase: PodStatus['phase'],
): readonly string[] {
  if (sandbox?.ip) return [sandbox.ip, ...sandbox.additionalIps];
  if (pod.spec.hostNetwork) return sandbox ? hostIPsOf(memory) : [];
  const isOver = phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
  if (!isOver) return [];
  return memory.podIPs.length > 0 ? memory.podIPs : (pod.status.podIPs ?? []).map(({ ip }) => ip);
}

/** The node's addresses, none where it has not said its first. */
const hostIPsOf = ({ node: { hostIP, otherHostIPs = [] } }: Memory): readonly string[] =>
  hostIP ? [hostIP, ...otherHostIPs] : [];
