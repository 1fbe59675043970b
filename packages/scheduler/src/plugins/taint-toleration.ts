import { definePlugin, misfit, normalizeToHundred } from '../plugin.ts';
import { tolerates, toleratesAll } from './tolerations.ts';

// Which taint is not said: names of taints are the administrator's, and a pod's status is read by others (1.35).
const UNTOLERATED = misfit(false, 'node(s) had untolerated taint(s)');

/** Keeps pods from nodes whose taints they do not tolerate, and prefers nodes that do not ask them to stay away. */
export const taintToleration = definePlugin({
  name: 'TaintToleration',
  scope: 'node',
  wakesOn: ['node-added', 'node-changed'],
  wakes(pod, event) {
    if (event.type === 'node-added') return toleratesAll(pod.spec.tolerations, event.node.spec.taints);
    if (event.type !== 'node-changed') return false;
    return (
      toleratesAll(pod.spec.tolerations, event.node.spec.taints) &&
      !toleratesAll(pod.spec.tolerations, event.previous.spec.taints)
    );
  },
  filter: (pod, { node }) => (toleratesAll(pod.spec.tolerations, node.spec.taints) ? undefined : UNTOLERATED),
  score(pod, { node }) {
    let count = 0;
    for (const taint of node.spec.taints ?? [])
      if (taint.effect === 'PreferNoSchedule' && !tolerates(pod.spec.tolerations, taint)) count += 1;
    return count;
  },
  normalize: (scores) => normalizeToHundred(scores, true),
});
