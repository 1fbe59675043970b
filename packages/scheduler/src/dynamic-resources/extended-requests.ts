import type { Pod } from '@navarch/api';
import { quantityValue } from '@navarch/machinery';
import type { Request } from './devices.ts';

type ClaimStatus = NonNullable<Pod['status']['extendedResourceClaimStatus']>;
type Mapping = ClaimStatus['requestMappings'][number];

/** What the one claim asks for that stands for a pod's extended resources, and which container each request is for. */
export interface ExtendedRequests {
  readonly requests: readonly Request[];
  readonly mappings: readonly Mapping[];
}

/** More than any claim can get: what is asked for beyond it is not counted out one by one. */
const UNITS_MAX = 33;

/** One device of a resource, and the containers that have it, one after the other. */
interface Unit {
  readonly containers: { readonly index: number; readonly name: string }[];
}

/**
 * A container that ends before the next begins leaves its devices to those that follow, as device plugins have it: a pod
 * asks for no more devices than it has at any one time. Devices that the same containers have are one request.
 */
export function extendedRequestsOf({ spec }: Pod, classOf: ReadonlyMap<string, string>): ExtendedRequests {
  const requests: Request[] = [];
  const mappings: Mapping[] = [];
  /** How many requests begin with each container. */
  const begun = new Map<number, number>();
  for (const resourceName of [...classOf.keys()].toSorted()) {
    for (const units of Map.groupBy(unitsOf(spec, resourceName), keyOfUsers).values()) {
      const users = (units[0] as Unit).containers;
      const { index } = users[0] as Unit['containers'][number];
      const at = begun.get(index) ?? 0;
      begun.set(index, at + 1);
      const requestName = `container-${index}-request-${at}`;
      requests.push({
        name: requestName,
        exactly: {
          deviceClassName: classOf.get(resourceName) ?? '',
          allocationMode: 'ExactCount',
          count: units.length,
        },
      });
      for (const { name } of users) mappings.push({ containerName: name, resourceName, requestName });
    }
  }
  return { requests, mappings };
}

const keyOfUsers = ({ containers }: Unit): string => containers.map(({ index }) => index).join();

function unitsOf({ initContainers = [], containers }: Pod['spec'], resource: string): readonly Unit[] {
  const all: Unit[] = [];
  /** Had by containers that are over when the next begins. */
  let free: readonly Unit[] = [];
  for (const [index, container] of [...initContainers, ...containers].entries()) {
    const wanted = Math.min(quantityValue(container.resources?.requests?.[resource] ?? '0'), UNITS_MAX);
    const taken = free.slice(0, wanted);
    while (taken.length < wanted) {
      const unit: Unit = { containers: [] };
      taken.push(unit);
      all.push(unit);
    }
    for (const unit of taken) unit.containers.push({ index, name: container.name });
    const endsFirst = index < initContainers.length && container.restartPolicy !== 'Always';
    free = endsFirst ? [...new Set([...taken, ...free])] : free.filter((unit) => !taken.includes(unit));
  }
  return all;
}
