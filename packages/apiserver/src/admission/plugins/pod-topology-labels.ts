import { node, type Pod } from '@navarch/api';
import type { ApiObject, Mutable } from '@navarch/machinery';
import type { Registry } from '../../registry/registry.ts';
import { defineAdmissionPlugin } from '../admission.ts';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

interface Binding extends ApiObject {
  readonly target?: { readonly name?: string };
}

/** A pod carries the zone and region of its node, so that its containers can be told (KEP-4742). */
export const boundPodTopology = defineAdmissionPlugin<Binding>({
  name: 'PodTopologyLabels',
  on: { resources: ['/pods'], operations: ['CREATE'], subresources: ['binding'] },
  mutate: (draft, _request, { registry }) => copyLabels(draft, draft.target?.name, registry),
});

export const createdPodTopology = defineAdmissionPlugin<Pod>({
  name: 'PodTopologyLabels',
  on: { resources: ['/pods'], operations: ['CREATE'] },
  mutate: (draft, _request, { registry }) => copyLabels(draft, draft.spec.nodeName, registry),
});

function copyLabels(
  { metadata }: Pick<Mutable<ApiObject>, 'metadata'>,
  nodeName: string | undefined,
  registry: Registry,
): boolean {
  const labels = nodeName ? (registry.of(node).find('', nodeName)?.metadata.labels ?? {}) : {};
  const copied = LABELS.filter((key) => labels[key] !== undefined);
  if (copied.length === 0) return false;
  metadata.labels = { ...metadata.labels, ...Object.fromEntries(copied.map((key) => [key, labels[key] ?? ''])) };
  return true;
}
