import { addressOf, endpointSlice, type EndpointSlice, type Node, node } from '@navarch/api';
import { apiVersionOf, equalJson, hasReason } from '@navarch/machinery';
import { type Controller, defineController, self, type Watch } from '../controller.ts';
import { remove } from '../shared/remove.ts';

const SERVICE = 'kube-dns';
const NAMESPACE = 'kube-system';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const OURS = 'cluster-dns-controller.navarch.io';
const NAME_MAX = 253;
const PORTS = [
  { name: 'dns', port: 53, protocol: 'UDP' as const },
  { name: 'dns-tcp', port: 53, protocol: 'TCP' as const },
  { name: 'metrics', port: 9153, protocol: 'TCP' as const },
];

const slices: Watch<EndpointSlice> = {
  kind: endpointSlice,
  *keys({ current, previous }) {
    const slice = current ?? previous;
    const owner = slice?.metadata.labels?.[MANAGED_BY] === OURS ? slice.metadata.ownerReferences?.[0] : undefined;
    if (owner?.kind === node.kind) yield owner.name;
  },
};

/**
 * Cluster DNS is answered by every node's agent (ADR 5): each node has a slice of the service kube-dns of its own, which
 * ends with the node. An agent that is heard of answers; one that is not is no endpoint.
 */
export const clusterDnsController: Controller = defineController({
  name: 'cluster-dns-controller',
  watches: [self(node, ({ current }) => current !== undefined), slices],
  async reconcile(key, { api, cache }) {
    const found = cache.get(node, key);
    const address = found && addressOf(found, 'InternalIP');
    if (!found || found.metadata.deletionTimestamp || !address) return undefined;
    const draft = sliceOf(found, address);
    const name = `${NAMESPACE}/${nameOf(key, found)}`;
    const current = cache.get(endpointSlice, name);
    const slices = api.of(endpointSlice);
    if (!current) return orElsewhere(slices.create(draft));
    // Of one family for ever, and of the one node it was made for: another has one of its own, which its deletion brings.
    if (current.addressType !== draft.addressType || !isOwnedBy(current, found)) {
      await remove(endpointSlice, current, { api });
      return undefined;
    }
    if (isAs(draft, current)) return undefined;
    return orElsewhere(
      slices.update(name, (slice) => ({
        ...slice,
        metadata: { ...slice.metadata, labels: { ...slice.metadata.labels, ...draft.metadata.labels } },
        endpoints: draft.endpoints as EndpointSlice['endpoints'],
        ports: draft.ports as EndpointSlice['ports'],
      })),
    );
  },
});

const isOwnedBy = ({ metadata }: EndpointSlice, { metadata: { uid } }: Node): boolean =>
  metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;

/** Labels that others add are theirs. */
const isAs = (draft: ReturnType<typeof sliceOf>, { metadata, endpoints, ports }: EndpointSlice): boolean =>
  equalJson(endpoints, draft.endpoints) &&
  equalJson(ports, draft.ports) &&
  Object.entries(draft.metadata.labels).every(([name, value]) => metadata.labels?.[name] === value);

function sliceOf(of: Node, address: string) {
  const { name, uid } = of.metadata;
  const isHeardOf = of.status.conditions?.find(({ type }) => type === 'Ready')?.status !== 'Unknown';
  return {
    metadata: {
      namespace: NAMESPACE,
      name: nameOf(name, of),
      labels: { 'kubernetes.io/service-name': SERVICE, [MANAGED_BY]: OURS },
      ownerReferences: [{ apiVersion: apiVersionOf(node), kind: node.kind, name, uid }],
    },
    addressType: address.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [
      {
        addresses: [address],
        conditions: { ready: isHeardOf, serving: isHeardOf, terminating: false },
        nodeName: name,
      },
    ],
    ports: PORTS,
  };
}

/** A node's name may be as long as a slice's: then its uid stands for it. */
function nameOf(nodeName: string, { metadata }: Node): string {
  const name = `${SERVICE}-${nodeName}`;
  return name.length <= NAME_MAX ? name : `${SERVICE}-${metadata.uid}`;
}

/** Made, taken away or moved on by somebody else meanwhile: that wakes the key again. */
async function orElsewhere(work: Promise<unknown>): Promise<undefined> {
  try {
    await work;
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists') && !hasReason(error, 'NotFound')) throw error;
  }
  return undefined;
}
