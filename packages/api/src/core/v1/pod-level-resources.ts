import type { Field } from '@navarch/machinery';
import { isGreater, resourceName, resourceRequirements } from '../../checks/quantities.ts';
import { each, entriesOf } from '../../checks/values.ts';
import type { PodSpec } from '../../generated/types/core-v1.ts';
import { podRequests } from './pod-resources.ts';

const SHOWN = ['cpu', 'hugepages-', 'memory'];
const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

/** Limits and requests of the pod as a whole (KEP-2837): never less than what its containers were promised. */
export function validatePodResources(spec: PodSpec, at: Field): void {
  const { resources = {} } = spec;
  if (resources.claims) at.at('claims').forbidden('claims cannot be set for Resources at pod-level');
  resourceRequirements(resources, at, podResourceName);
  const together = podRequests({ ...spec, resources: {}, overhead: {} });
  for (const [name, amount] of entriesOf(together)) {
    const asked = resources.requests?.[name];
    if (asked !== undefined && isPodLevel(name) && isGreater(amount, asked)) {
      at.at('requests')
        .key(name)
        .invalid(asked, `must be greater than or equal to aggregate container requests of ${amount}`);
    }
  }
  each(spec.containers, at.at('containers'), (container, here) => {
    for (const [name, own] of entriesOf(container.resources?.limits)) {
      const limit = resources.limits?.[name];
      if (limit !== undefined && isGreater(own, limit))
        here.key(name).at('limits').invalid(own, `must be less than or equal to pod limits of ${limit}`);
    }
  });
}

function podResourceName(name: string, at: Field): void {
  const before = at.errors.length;
  resourceName(name, at);
  if (at.errors.length === before && !isPodLevel(name)) at.notSupported(name, SHOWN);
}
