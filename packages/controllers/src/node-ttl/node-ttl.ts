import { node } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { type Controller, defineController, type Watch } from '../controller.ts';

/** How long, in seconds, kubelets of the node may use a secret or ConfigMap before they ask for it again. */
const ANNOTATION = 'node.alpha.kubernetes.io/ttl';

/** Upstream's steps, for clusters of so many nodes. They overlap: a cluster at the edge of two does not swing. */
const STEPS = [
  { least: 0, most: 100, seconds: 0 },
  { least: 90, most: 500, seconds: 15 },
  { least: 450, most: 1000, seconds: 30 },
  { least: 900, most: 2000, seconds: 60 },
  { least: 1800, most: Number.POSITIVE_INFINITY, seconds: 300 },
] as const;

/** Says on every node how long what its kubelet knows is good for: the longer, the more nodes there are. */
export const nodeTtlController = (): Controller => {
  /** The step that the cluster is on. */
  let at = 0;

  const nodes: Watch = {
    kind: node,
    *keys({ current, previous }, cache) {
      const before = at;
      if (!current !== !previous) at = stepOf(cache.list(node).length, at);
      // Another step is news to all; heartbeats are to nobody.
      if (at !== before) for (const { metadata } of cache.list(node)) yield metadata.name;
      else if (current && current.metadata.annotations?.[ANNOTATION] !== valueOf(at)) yield current.metadata.name;
    },
  };

  return defineController({
    name: 'ttl-controller',
    queueName: 'ttlcontroller',
    watches: [nodes],
    async reconcile(name, { api, cache }) {
      const value = valueOf(at);
      const found = cache.get(node, name);
      if (!found || found.metadata.annotations?.[ANNOTATION] === value) return undefined;
      try {
        const body = { metadata: { annotations: { [ANNOTATION]: value } } };
        await api.of(node).patch(name, { type: 'strategic', body });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
  });
};

const valueOf = (step: number): string => String(STEPS[step]?.seconds ?? 0);

/** From the step it is on, up or down until the number of nodes fits. */
export function stepOf(count: number, from: number): number {
  let at = from;
  while (count > (STEPS[at]?.most ?? 0)) at += 1;
  while (count < (STEPS[at]?.least ?? 0)) at -= 1;
  return at;
}
