import { configMap } from '@navarch/api';
import type { Api } from '@navarch/client';
import { UserError } from '../user-error.ts';

/** What every node of a cluster must agree on. The server says it; agents ask. */
export interface NodeSettings {
  readonly clusterDns: string;
  readonly clusterDomain: string;
  /** Addresses of all pods. */
  readonly clusterCidr: string;
  /** Addresses of load balancers that nodes announce, commas apart. Absent: none. */
  readonly loadBalancerPool?: string;
}

export const SETTINGS = { namespace: 'kube-system', name: 'navarch-node' } as const;

export async function readNodeSettings(api: Api): Promise<NodeSettings> {
  const { data = {} } = await api.of(configMap).get(`${SETTINGS.namespace}/${SETTINGS.name}`);
  const { clusterDns, clusterDomain, clusterCidr, loadBalancerPool } = data;
  if (!clusterDns || !clusterDomain || !clusterCidr) {
    throw new UserError(
      `the ConfigMap ${SETTINGS.namespace}/${SETTINGS.name} lacks clusterDns, clusterDomain or clusterCidr: start the server again, it puts them back`,
    );
  }
  return { clusterDns, clusterDomain, clusterCidr, ...(loadBalancerPool ? { loadBalancerPool } : {}) };
}
