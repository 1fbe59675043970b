import type { LoadBalancerStatus, Node, Service } from '@navarch/api';

/** What there is besides the service that is asked for. */
interface Surroundings {
  /** Nodes that may get its traffic. */
  readonly nodes: readonly Node[];
  /** Every service of the cluster, in no order. */
  readonly services: readonly Service[];
}

/**
 * Who makes load balancers: a cloud, or a pool of addresses. A call may come again at any time for what is done already,
 * and must then find it done. What cannot be done is thrown, in words for a person.
 */
export interface LoadBalancers {
  /** What balances for the service; undefined: nothing. */
  find(service: Service, signal: AbortSignal): Promise<LoadBalancerStatus | undefined>;
  /** Makes it, or makes it as the service wants it now: ports, source ranges, address. */
  ensure(service: Service, surroundings: Surroundings, signal: AbortSignal): Promise<LoadBalancerStatus>;
  /** Sends to these nodes from now on. Absent: it is all the same which nodes there are. */
  sendTo?(service: Service, nodes: readonly Node[], signal: AbortSignal): Promise<void>;
  remove(service: Service, signal: AbortSignal): Promise<void>;
}
