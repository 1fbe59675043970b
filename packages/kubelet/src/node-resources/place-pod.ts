import type { Container, Pod } from '@navarch/api';
import type { Hint } from '../topology/hints.ts';
import type { MachineTopology } from '../topology/machine.ts';
import { maskOf } from '../topology/node-mask.ts';
import { AdmissionError, rolesOf, type TopologyProvider } from '../topology/provider.ts';
import { settleTopology } from '../topology/topology-policy.ts';
import type { TopologySettings } from '../topology/topology-settings.ts';

export interface PlacePodDeps {
  readonly settings: TopologySettings;
  readonly numaNodes: MachineTopology['numaNodes'];
  readonly providers: readonly TopologyProvider[];
}

/**
 * Gives every container of a pod what it asks for, from one place where the policy wants that. What containers have
 * already they keep. Throws AdmissionError; what was given until then is to be released with the pod.
 */
export async function placePod(pod: Pod, deps: PlacePodDeps, signal: AbortSignal): Promise<void> {
  const { settings, providers } = deps;
  const isOne = settings.scope === 'pod' && settings.policy !== 'none';
  const ofPod = isOne
    ? settle(
        providers.map((provider) => provider.podHints(pod)),
        deps,
      )
    : undefined;
  for (const [container] of rolesOf(pod)) {
    const hint =
      ofPod ??
      settle(
        providers.map((provider) => provider.hints(pod, container)),
        deps,
      );
    await give(pod, container, hint, deps, signal);
  }
}

async function give(
  pod: Pod,
  container: Container,
  hint: Hint,
  deps: PlacePodDeps,
  signal: AbortSignal,
): Promise<void> {
  for (const provider of deps.providers) await provider.allocate(pod, container, hint, signal);
}

function settle(hints: Parameters<typeof settleTopology>[1], { settings, numaNodes }: PlacePodDeps): Hint {
  const distances = settings.prefersClosest ? { distances: numaNodes.map((node) => node.distances) } : {};
  const all = maskOf(numaNodes.map(({ id }) => id));
  const { hint, isAdmitted } = settleTopology(settings.policy, hints, { all, ...distances });
  if (!isAdmitted)
    throw new AdmissionError('TopologyAffinityError', 'Resources cannot be allocated with Topology locality');
  return hint;
}
