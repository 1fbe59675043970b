import type { MetricSpec } from './autoscaler.ts';
import { externalProposal, objectProposal, podsProposal } from './custom-proposals.ts';
import { type Asked, MetricFailure, type MetricProposal } from './proposal.ts';
import { resourceProposal } from './resource-proposal.ts';

/** How many pods one metric asks for. Throws MetricFailure. */
export async function proposalFor(spec: MetricSpec, asked: Asked): Promise<MetricProposal> {
  const { type, resource, containerResource, object, pods, external } = spec;
  if (type === 'Resource' && resource) {
    const { replicas, name, current } = await resourceProposal({ name: resource.name, target: resource.target }, asked);
    return { replicas, name, status: { type, resource: { name: resource.name, current } } };
  }
  if (type === 'ContainerResource' && containerResource) {
    const { container } = containerResource;
    const { replicas, name, current } = await resourceProposal(containerResource, asked);
    return {
      replicas,
      name,
      status: { type, containerResource: { name: containerResource.name, container, current } },
    };
  }
  if (type === 'Pods' && pods) return podsProposal(pods, asked);
  if (type === 'Object' && object) return objectProposal(object, asked);
  if (type === 'External' && external) return externalProposal(external, asked);
  throw new MetricFailure('InvalidMetricSourceType', `unknown metric source type ${JSON.stringify(type)}`);
}
