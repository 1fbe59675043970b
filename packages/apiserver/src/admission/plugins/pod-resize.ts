import { featuresOfChange, type Node, node, type Pod, podRequests } from '@navarch/api';
import { failure, forbidden, quantityMilliValue, quantityValue } from '@navarch/machinery';
import type { Registry } from '../../registry/registry.ts';
import { defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';

/** A resize of a pod that is on a node asks nothing of it that it does not declare (KEP-5328). */
export const nodeDeclaredFeatureValidator = defineAdmissionPlugin<Pod>({
  name: 'NodeDeclaredFeatureValidator',
  on: { resources: ['/pods'], operations: ['UPDATE'], subresources: ['', 'resize'] },
  validate({ spec }, _at, request, { registry }) {
    if (!spec.nodeName || !request.previous || spec === request.previous.spec) return;
    const needed = featuresOfChange(spec, request.previous.spec);
    if (needed.length === 0) return;
    const { metadata, status } = nodeOf(spec.nodeName, request, registry);
    const missing = needed.filter((feature) => !status.declaredFeatures?.includes(feature));
    if (missing.length > 0)
      throw forbidden(
        request.kind,
        request.name,
        `pod update requires features ${missing.join(', ')} which are not available on node ${JSON.stringify(metadata.name)}`,
      );
  },
});

/** A resize of a pod that is on a node asks for no more than the node has to give. */
export const podResizeValidator = defineAdmissionPlugin<Pod>({
  name: 'PodResizeValidator',
  on: { resources: ['/pods'], operations: ['UPDATE'], subresources: ['resize'] },
  validate({ metadata, spec }, _at, request, { registry }) {
    if (!spec.nodeName || metadata.generation === request.previous?.metadata.generation) return;
    const refuse = (reason: string, detail: string): never => {
      const { status } = forbidden(request.kind, request.name, detail);
      throw failure('Forbidden', status.message ?? '', { ...status.details, causes: [{ reason }] });
    };
    const here = nodeOf(spec.nodeName, request, registry);
    const system = here.metadata.labels?.['kubernetes.io/os'] ?? 'linux';
    if (system !== 'linux')
      refuse(
        'UnsupportedPlatform',
        `pod resize is only supported on linux nodes, node ${JSON.stringify(here.metadata.name)} is ${JSON.stringify(system)}`,
      );
    const lacking = AMOUNTS.flatMap(([name, valueOf]) => {
      const requested = valueOf(podRequests(spec)[name] ?? '0');
      const allocatable = valueOf(here.status.allocatable?.[name] ?? '0');
      return requested > allocatable ? [`${name}, requested: ${requested}, allocatable: ${allocatable}`] : [];
    });
    if (lacking.length > 0)
      refuse('NodeCapacity', `node didn't have enough allocatable resources: ${lacking.join('; ')}`);
  },
});

/** What is compared, and in which unit it is told: thousandths of a processor, bytes. */
const AMOUNTS = [
  ['cpu', quantityMilliValue],
  ['memory', quantityValue],
] as const;

/** Throws Forbidden where there is no such node. */
function nodeOf(nodeName: string, { kind, name }: AdmissionRequest, registry: Registry): Node {
  const found = registry.of(node).find('', nodeName);
  if (!found) throw forbidden(kind, name, `node ${JSON.stringify(nodeName)} not found`);
  return found;
}
