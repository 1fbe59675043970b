import type { Node, Pod } from '@navarch/api';
import { keepsAway, meets, nameOf, type Plain, podsOn, type Refusal, tolerated, total, wantsNode } from './plain.ts';

const UNSCHEDULABLE = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** Filters that look at one node and the pods on it, resources excepted, in the order of the default profile. */
export function nodeRefusal(pod: Pod, node: Node): Refusal | undefined {
  const final = (plugin: string, reason: string): Refusal => ({ plugin, reasons: [reason], isResolvable: false });
  if (node.spec.unschedulable && !tolerated(pod, UNSCHEDULABLE))
    return final('NodeUnschedulable', 'node(s) were unschedulable');
  if (keepsAway(pod, node)) return final('TaintToleration', 'node(s) had untolerated taint(s)');
  if (!wantsNode(pod, node)) return final('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  return undefined;
}

/** Restarting all containers for one of them is not to be had on every node (KEP-5328, KEP-5532). */
export function featuresRefusal({ spec }: Pod, { status }: Node): Refusal | undefined {
  const needed = 'RestartAllContainersOnContainerExits';
  const isNeeded = [...spec.containers, ...(spec.initContainers ?? [])].some((container) =>
    container.restartPolicyRules?.some((rule) => rule.action === 'RestartAllContainers'),
  );
  if (!isNeeded || status.declaredFeatures?.includes(needed)) return undefined;
  return {
    plugin: 'NodeDeclaredFeatures',
    reasons: [`node declared features check failed - unsatisfied requirements: ${needed}`],
    isResolvable: false,
  };
}

interface Port {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

/** Ports of app containers and of sidecars; an absent address is every address. */
const portsOf = ({ spec }: Pod): readonly Port[] =>
  [...spec.containers, ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')]
    .flatMap(({ ports = [] }) => ports)
    .flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ port: hostPort, ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP' }] : [],
    );

export function portsRefusal(pod: Pod, node: Node, cluster: Plain): Refusal | undefined {
  const taken = podsOn(node, cluster).flatMap(portsOf);
  const isTaken = portsOf(pod).some((mine) =>
    taken.some(
      ({ ip, port, protocol }) =>
        port === mine.port &&
        protocol === mine.protocol &&
        (ip === mine.ip || ip === '0.0.0.0' || mine.ip === '0.0.0.0'),
    ),
  );
  return isTaken
    ? {
        plugin: 'NodePorts',
        reasons: ["node(s) didn't have free ports for the requested pod ports"],
        isResolvable: true,
      }
    : undefined;
}

/** Every taint that only asks, and is not tolerated, counts against a node; the worst has 0. */
export const taintScores = (pod: Pod, nodes: readonly Node[]): readonly number[] =>
  toHundred(
    nodes.map(
      ({ spec }) =>
        (spec.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerated(pod, taint)).length,
    ),
  ).map((score) => 100 - score);

export const nodeAffinityScores = ({ spec }: Pod, nodes: readonly Node[]): readonly number[] =>
  toHundred(
    nodes.map((node) =>
      total(
        (spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
          ({ preference, weight }) => (meets(preference, node) ? weight : 0),
        ),
      ),
    ),
  );

function toHundred(scores: readonly number[]): readonly number[] {
  const max = Math.max(0, ...scores);
  return scores.map((score) => (max === 0 ? 0 : Math.trunc((score * 100) / max)));
}

const MIB = 2 ** 20;

/** Images of containers and of image volumes that the node has, less the fewer nodes have them; 23 MiB to 1000 MiB each. */
export function imageScore({ spec }: Pod, node: Node, { nodes }: Plain): number {
  const wanted = [
    ...[...(spec.initContainers ?? []), ...spec.containers].map(({ image }) => image ?? ''),
    ...(spec.volumes ?? []).flatMap(({ image }) => (image ? [image.reference ?? ''] : [])),
  ].map((image) => (image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image));
  const bytesOn = (at: Node, image: string): number =>
    Number(at.status.images?.find(({ names }) => names?.includes(image))?.sizeBytes ?? 0);
  const bytes = total(
    wanted.map((image) =>
      Math.trunc(bytesOn(node, image) * (nodes.filter((at) => bytesOn(at, image) > 0).length / nodes.length)),
    ),
  );
  const most = 1000 * MIB * wanted.length;
  return Math.trunc((100 * (Math.min(Math.max(bytes, 23 * MIB), most) - 23 * MIB)) / (most - 23 * MIB));
}

/** Where every alternative of the pod's affinity names its nodes, the others are not looked at. */
export function namedOnly({ spec }: Pod): readonly string[] | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const named = terms.map(({ matchFields = [] }) =>
    matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In'),
  );
  if (named.length === 0 || named.some((fields) => fields.length === 0)) return undefined;
  return named.flatMap((fields) =>
    (fields[0]?.values ?? []).filter((name) => fields.every(({ values = [] }) => values.includes(name))),
  );
}

export const isOutside = (node: Node, names: readonly string[] | undefined): boolean =>
  names !== undefined && !names.includes(nameOf(node));
