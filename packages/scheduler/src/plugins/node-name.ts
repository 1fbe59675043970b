import { definePlugin, misfit } from '../plugin.ts';

const OTHER_NODE = misfit(false, "node(s) didn't match the requested node name");

/** Keeps a pod that names its node to that node. */
export const nodeName = definePlugin<string>({
  name: 'NodeName',
  scope: 'cluster',
  wakesOn: ['node-added'],
  wakes: (pod, event) => event.type === 'node-added' && event.node.metadata.name === pod.spec.nodeName,
  prepare: ({ spec }) => spec.nodeName || undefined,
  filter: (_pod, { name }, wanted) => (wanted === name ? undefined : OTHER_NODE),
});
