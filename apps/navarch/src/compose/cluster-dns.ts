import { endpointSlice, service } from '@navarch/api';
import type { Api, KindApi } from '@navarch/client';
import { type ApiObject, type Draft, hasReason } from '@navarch/machinery';

export interface ClusterDns {
  /** The cluster IP that pods ask. */
  readonly address: string;
  /** Where an agent answers. */
  readonly nodeIP: string;
}

const NAME = 'kube-dns';
const KEY = `kube-system/${NAME}`;
const PORTS = [{ name: 'dns', port: 53, protocol: 'UDP' as const }, { name: 'dns-tcp', port: 53, protocol: 'TCP' as const }];

/** The service by which pods reach the DNS that agents serve: it selects no pods, its endpoints are nodes. */
export async function ensureClusterDns(api: Api, { address, nodeIP }: ClusterDns): Promise<void> {
  const labels = { 'k8s-app': NAME, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' };
  await unlessPresent(api.of(service), { metadata: { name: NAME, namespace: 'kube-system', labels }, spec: { clusterIP: address, ports: PORTS } });
  const endpoints = [{ addresses: [nodeIP], conditions: { ready: true } }];
  const metadata = { name: NAME, namespace: 'kube-system', labels: { 'kubernetes.io/service-name': NAME, 'endpointslice.kubernetes.io/managed-by': 'navarch' } };
  await unlessPresent(api.of(endpointSlice), { metadata, addressType: 'IPv4', endpoints, ports: PORTS });
}

async function unlessPresent<O extends ApiObject>(client: KindApi<O>, draft: Draft<O>): Promise<void> {
  try {
    await client.get(KEY);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    await client.create(draft);
  }
}
