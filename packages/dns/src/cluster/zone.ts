export type PodMode = 'disabled' | 'insecure' | 'verified';

/** What of the cluster is told, and how (the kubernetes plugin's options). */
export interface ClusterZone {
  /** Zones that are answered for, lower case; the first that is not of addresses is the cluster's own domain. */
  readonly zones: readonly string[];
  /** Seconds. */
  readonly ttl: number;
  readonly pods: PodMode;
  /** Endpoints without a host name are called by their pods rather than by their addresses. */
  readonly endpointPodNames: boolean;
  /** Only these namespaces are told of; empty: all. */
  readonly namespaces: readonly string[];
  /** Endpoints are not told of. */
  readonly noEndpoints: boolean;
  /** Services without ready endpoints are not told of. */
  readonly ignoreEmptyService: boolean;
  /** Zones in which others are asked for a name that there is not. */
  readonly fallthrough: readonly string[];
}

/** What one knows who runs the server: the addresses by which it is reached. */
export interface Self {
  readonly addresses: readonly string[];
  /** Changes with what the zone holds; what an SOA record says. */
  readonly serial: number;
}

const isReverse = (zone: string): boolean => /(?:^|\.)(?:in-addr|ip6)\.arpa$/.test(zone);

export const domainOf = ({ zones }: ClusterZone): string => zones.find((zone) => !isReverse(zone)) ?? '';
