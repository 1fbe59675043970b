import { keyOf } from '@navarch/machinery';
import { sharedPorts } from '../plugins/node-ports.ts';
import { countedPods, eligibilityOf, spreadsOf } from '../plugins/spread-constraints.ts';
import type { Case } from './step.ts';

type About = Pick<Case, 'pod' | 'node' | 'whatIf'>;

/** Who has the host ports that the pod asks for. */
export function portDetail({ pod, node, whatIf: { snapshot } }: About): readonly string[] {
  const own = snapshot.templateOf(pod);
  return [...node.pods.values()]
    .flatMap((placed) =>
      sharedPorts(own, placed.template).map((port) => `pod ${keyOf(placed.pod)} has port ${port.split('/').at(-1)}`),
    )
    .sort();
}

/** How uneven the pods would be spread with one more here. */
export function skewDetail({ pod, node, whatIf: { snapshot } }: About): readonly string[] {
  const template = snapshot.templateOf(pod);
  const { hard } = spreadsOf(template);
  const keys = hard.map(({ topologyKey }) => topologyKey);
  return hard.flatMap((spread): readonly string[] => {
    const { topologyKey, maxSkew, minDomains, countsSelf } = spread;
    const domain = node.labels[topologyKey];
    if (domain === undefined) return [`the node has no ${topologyKey}`];
    const counts = countedPods(spread, template, snapshot).by(topologyKey, eligibilityOf(spread, keys, template));
    const isFew = counts.size < minDomains;
    const least = isFew ? 0 : counts.least;
    const then = (counts.get(domain) ?? 0) + (countsSelf ? 1 : 0);
    if (then - least <= maxSkew) return [];
    const other = isFew
      ? `there are ${counts.size} of the ${minDomains} domains that there must be`
      : `the emptiest has ${least}`;
    return [`${topologyKey}=${domain} would have ${then} such pods, ${other}, maxSkew is ${maxSkew}`];
  });
}
