import { configMap, service } from '@navarch/api';
import type { Api } from '@navarch/client';
import { ensure } from './ensure.ts';

const NAME = 'kube-dns';
const PORTS = [
  { name: 'dns', port: 53, protocol: 'UDP' as const },
  { name: 'dns-tcp', port: 53, protocol: 'TCP' as const },
  { name: 'metrics', port: 9153, protocol: 'TCP' as const },
];

/**
 * The service by which pods reach the DNS that agents serve. It selects no pods: a controller gives it an endpoint on
 * every node, and questions stay on the node they are asked on. `clusterDns` is the cluster IP that pods ask.
 */
export async function ensureClusterDns(api: Api, { clusterDns, clusterDomain }: ClusterDns): Promise<void> {
  await ensure(api, configMap, {
    metadata: { name: 'coredns', namespace: 'kube-system', labels: { 'k8s-app': NAME } },
    data: { Corefile: corefile(clusterDomain) },
  });
  await ensure(api, service, {
    metadata: {
      name: NAME,
      namespace: 'kube-system',
      labels: { 'k8s-app': NAME, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
      annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
    },
    spec: { clusterIP: clusterDns, ports: PORTS, internalTrafficPolicy: 'Local' },
  });
}

export interface ClusterDns {
  readonly clusterDns: string;
  readonly clusterDomain: string;
}

/**
 * What a fresh cluster has upstream, for people to change; but without `health` and `ready`, which take the ports 8080 and
 * 8181 of every node's own address.
 */
const corefile = (domain: string): string => `.:53 {
    errors
    kubernetes ${domain} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success ${domain}
       disable denial ${domain}
    }
    loop
    reload
    loadbalance
}
`;
