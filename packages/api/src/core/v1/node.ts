import type { Column, Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ageColumn, nameColumn, text, wide } from '../../columns.ts';
import type { Node } from '../../generated/types/core-v1.ts';

const ROLE = 'node-role.kubernetes.io/';

const columns: readonly Column<Node>[] = [
  nameColumn,
  text('Status', statusText),
  text('Roles', (n) => roles(n)),
  ageColumn,
  text('Version', (n) => n.status.nodeInfo.kubeletVersion),
  wide('Internal-IP', (n) => addressOf(n, 'InternalIP') ?? '<none>'),
  wide('External-IP', (n) => addressOf(n, 'ExternalIP') ?? '<none>'),
  wide('OS-Image', (n) => n.status.nodeInfo.osImage || '<unknown>'),
  wide('Kernel-Version', (n) => n.status.nodeInfo.kernelVersion || '<unknown>'),
  wide('Container-Runtime', (n) => n.status.nodeInfo.containerRuntimeVersion || '<unknown>'),
];

export const node: Kind<Node> = builtIn<Node>('/v1.Node', {
  columns, storagePrefix: 'minions',
  selectableFields: { 'spec.unschedulable': (n) => String(n.spec.unschedulable ?? false) },
  behaviour: {
    desired: false,
    createsOnUpdate: false,
    complete(n) {
      if (!n.status.allocatable && n.status.capacity) n.status.allocatable = { ...n.status.capacity };
    },
    validateUpdate(next, previous, at) {
      const { podCIDRs = [] } = previous.spec;
      if (podCIDRs.length > 0) at.at('spec', 'podCIDRs').immutable(next.spec.podCIDRs, podCIDRs);
      if (previous.spec.providerID && next.spec.providerID !== previous.spec.providerID) {
        at.at('spec', 'providerID').forbidden('node updates may not change providerID except from "" to valid');
      }
    },
  },
});

export const addressOf = (n: Node, type: string): string | undefined => n.status.addresses?.find((a) => a.type === type)?.address;

export const isNodeReady = (n: Node): boolean => n.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

function statusText(n: Node): string {
  const ready = n.status.conditions?.find((c) => c.type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (n.spec.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

function roles(n: Node): string {
  const labels = n.metadata.labels ?? {};
  const names = new Set(Object.keys(labels).filter((key) => key.startsWith(ROLE) && key.length > ROLE.length).map((key) => key.slice(ROLE.length)));
  if (labels['kubernetes.io/role']) names.add(labels['kubernetes.io/role']);
  return names.size > 0 ? [...names].sort().join(',') : '<none>';
}
