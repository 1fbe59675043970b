import { service } from '@navarch/api';
import type { Api } from '@navarch/client';
import { ensure } from './ensure.ts';

const NAME = 'kube-dns';
const PORTS = [
  { name: 'dns', port: 53, protocol: 'UDP' as const },
  { name: 'dns-tcp', port: 53, protocol: 'TCP' as const },
];

/**
 * The service by which pods reach the DNS that agents serve. It selects no pods: a controller gives it an endpoint on
 * every node, and questions stay on the node they are asked on. `address` is the cluster IP that pods ask.
 */
export const ensureClusterDns = (api: Api, address: string): Promise<void> =>
  ensure(api, service, {
    metadata: {
      name: NAME,
      namespace: 'kube-system',
      labels: { 'k8s-app': NAME, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: { clusterIP: address, ports: PORTS, internalTrafficPolicy: 'Local' },
  });
