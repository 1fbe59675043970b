import { booleanOf } from '../cpu-manager/cpu-settings.ts';
import { NUMA_NODES_MAX } from './node-mask.ts';
import { SettingError } from './setting-error.ts';
import { TOPOLOGY_POLICIES, type TopologyPolicy } from './topology-policy.ts';

/** Fields of KubeletConfiguration, called as there. */
export interface TopologyTexts {
  readonly topologyManagerPolicy?: string;
  readonly topologyManagerScope?: string;
  readonly topologyManagerPolicyOptions?: Readonly<Record<string, string>>;
}

export interface TopologySettings {
  readonly policy: TopologyPolicy;
  readonly scope: 'container' | 'pod';
  /** `prefer-closest-numa-nodes`. */
  readonly prefersClosest: boolean;
  /** Of a machine with more the policies would look at too many combinations: `max-allowable-numa-nodes`. */
  readonly nodesMax: number;
}

const NODES_MAX = 8;

/** Throws SettingError, in upstream's words. */
export function topologySettings(texts: TopologyTexts): TopologySettings {
  const { topologyManagerPolicy: policy = 'none', topologyManagerScope: scope = 'container' } = texts;
  if (!isPolicy(policy))
    throw new SettingError(
      `invalid configuration: topologyManagerPolicy (--topology-manager-policy) "${policy}" must be one of: [${TOPOLOGY_POLICIES.map((p) => `"${p}"`).join(' ')}]`,
    );
  if (scope !== 'container' && scope !== 'pod')
    throw new SettingError(
      `invalid configuration: topologyManagerScope (--topology-manager-scope) "${scope}" must be one of: "container", or "pod"`,
    );
  const {
    'prefer-closest-numa-nodes': closest,
    'max-allowable-numa-nodes': most,
    ...unknown
  } = texts.topologyManagerPolicyOptions ?? {};
  const [first] = Object.keys(unknown);
  if (first !== undefined) throw new SettingError(`unknown Topology Manager Policy option: "${first}"`);
  const nodesMax = most === undefined ? NODES_MAX : Number(most);
  if (!Number.isInteger(nodesMax) || nodesMax < NODES_MAX || nodesMax > NUMA_NODES_MAX)
    throw new SettingError(
      `the minimum value of "max-allowable-numa-nodes" should not be less than ${NODES_MAX}, and this kubelet's most is ${NUMA_NODES_MAX}, not ${JSON.stringify(most)}`,
    );
  return {
    policy,
    scope,
    prefersClosest: closest !== undefined && booleanOf('prefer-closest-numa-nodes', closest),
    nodesMax,
  };
}

const isPolicy = (text: string): text is TopologyPolicy => (TOPOLOGY_POLICIES as readonly string[]).includes(text);
