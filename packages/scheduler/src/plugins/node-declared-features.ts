import { equalJson } from '@navarch/machinery';
import { definePlugin, misfit } from '../plugin.ts';

/** Keeps pods from nodes that do not say that they have what the pod is made of (KEP-5328). */
export const nodeDeclaredFeatures = definePlugin<readonly string[]>({
  name: 'NodeDeclaredFeatures',
  scope: 'node',
  wakesOn: ['node-added', 'node-changed'],
  wakes: (_pod, event) =>
    event.type === 'node-added' ||
    (event.type === 'node-changed' &&
      !equalJson(event.node.status.declaredFeatures, event.previous.status.declaredFeatures)),
  prepare(pod, snapshot) {
    const { features } = snapshot.templateOf(pod);
    return features.length > 0 ? features : undefined;
  },
  filter(_pod, { node }, needed) {
    const { declaredFeatures = [] } = node.status;
    const absent = needed.filter((feature) => !declaredFeatures.includes(feature));
    return absent.length > 0
      ? misfit(false, `node declared features check failed - unsatisfied requirements: ${absent.join(', ')}`)
      : undefined;
  },
});
