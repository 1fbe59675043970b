import type { Node, Pod, Taint } from '@navarch/api';
import { definePlugin, misfit } from '../plugin.ts';
import { tolerates } from './tolerations.ts';

const IS_UNSCHEDULABLE = misfit(false, 'node(s) were unschedulable');
const TAINT: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Keeps pods from nodes that are cordoned. */
export const nodeUnschedulable = definePlugin({
  name: 'NodeUnschedulable',
  scope: 'node',
  wakesOn: ['node-added', 'node-changed'],
  wakes: (pod, event) => (event.type === 'node-added' || event.type === 'node-changed') && isOpen(pod, event.node),
  filter: (pod, { node }) => (isOpen(pod, node) ? undefined : IS_UNSCHEDULABLE),
});

const isOpen = (pod: Pod, { spec }: Node): boolean => !spec.unschedulable || tolerates(pod.spec.tolerations, TAINT);
