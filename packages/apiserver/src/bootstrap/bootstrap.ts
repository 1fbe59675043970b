import { endpoints, endpointSlice, ipFamilyOf, namespace, priorityClass, service, serviceCIDR } from '@navarch/api';
import { type ApiObject, type Draft, equalJson, type Kind, type ObjectOf } from '@navarch/machinery';
import { systemUser } from '../auth/user.ts';
import type { Registry } from '../registry/registry.ts';
import { reconcilePolicy } from './reconcile-policy.ts';

export interface BootstrapOptions {
  /** Where the API server is reached from pods. */
  readonly advertiseAddress: string;
  readonly advertisePort: number;
  /** The range of cluster IPs; or two, with a comma. */
  readonly serviceCidr: string;
  /** The cluster IP of the `kubernetes` service: the first of the range. */
  readonly serviceAddress: string;
}

const call = { user: systemUser, isDryRun: false } as const;

/** Makes what every cluster has. Repeats harmlessly at every start; what people added stays. */
export async function bootstrap(registry: Registry, options: BootstrapOptions): Promise<void> {
  await ensureNamespaces(registry);
  await reconcilePolicy(registry);
  for (const [name, value, description] of PRIORITIES)
    await ensure(registry, priorityClass, '', { metadata: { name }, value, description });
  await ensureServiceRange(registry, options.serviceCidr.split(','));
  await ensureKubernetesService(registry, options);
  await leadToServer(registry, options);
}

/** Namespaces without which a cluster does not work. */
export async function ensureNamespaces(registry: Registry): Promise<void> {
  for (const name of ['kube-system', 'kube-public', 'kube-node-lease', 'default'])
    await ensure(registry, namespace, '', { metadata: { name } });
}

const PRIORITIES = [
  [
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  ],
  [
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ],
] as const;

async function ensure<O extends ApiObject>(
  registry: Registry,
  kind: Kind<O>,
  inNamespace: string,
  draft: Draft<O>,
): Promise<void> {
  const name = (draft.metadata as { name: string }).name;
  if (!registry.of(kind).find(inNamespace, name)) await registry.of(kind).create(inNamespace, draft, call);
}

/** As `ensure`, and puts one field back to what this release says. */
async function restore<O extends ApiObject>(
  registry: Registry,
  kind: Kind<O>,
  inNamespace: string,
  draft: Draft<O>,
  field: keyof O & string,
): Promise<void> {
  await ensure(registry, kind, inNamespace, draft);
  const name = (draft.metadata as { name: string }).name;
  const wanted = (draft as Partial<O>)[field];
  await registry
    .of(kind)
    .update(
      inNamespace,
      name,
      (current) => (equalJson(current[field], wanted) ? current : { ...current, [field]: wanted }),
      call,
    );
}

/** A cluster may come to have a second family; the range of the first stays as it was made. */
export async function ensureServiceRange(registry: Registry, cidrs: readonly string[]): Promise<void> {
  await ensure(registry, serviceCIDR, '', { metadata: { name: 'kubernetes' }, spec: { cidrs } });
  const { spec } = registry.of(serviceCIDR).get('', 'kubernetes');
  if (spec.cidrs?.length !== 1 || cidrs.length !== 2 || spec.cidrs[0] !== cidrs[0]) return;
  await registry
    .of(serviceCIDR)
    .update('', 'kubernetes', (current) => ({ ...current, spec: { ...current.spec, cidrs } }), call);
}

/** The service by which pods find the API server. */
export async function ensureKubernetesService(
  registry: Registry,
  { advertisePort, serviceAddress }: BootstrapOptions,
): Promise<void> {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  await ensure(registry, service, 'default', {
    metadata: { name: 'kubernetes', labels },
    spec: {
      clusterIP: serviceAddress,
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: advertisePort }],
    },
  });
}

/** The way from that service to the server; what is there of it already stays. */
export async function ensureServerEndpoints(registry: Registry, options: BootstrapOptions): Promise<void> {
  const { whole, slice } = endpointsOfServer(options);
  await ensure(registry, endpoints, 'default', whole);
  await ensure(registry, endpointSlice, 'default', slice);
}

/** The way from that service to this server and no other. */
async function leadToServer(registry: Registry, options: BootstrapOptions): Promise<void> {
  const { whole, slice } = endpointsOfServer(options);
  await restore(registry, endpoints, 'default', whole, 'subsets');
  await restore(registry, endpointSlice, 'default', slice, 'endpoints');
}

function endpointsOfServer({ advertiseAddress, advertisePort }: BootstrapOptions): {
  readonly whole: Draft<ObjectOf<typeof endpoints>>;
  readonly slice: Draft<ObjectOf<typeof endpointSlice>>;
} {
  const ports = [{ name: 'https', port: advertisePort, protocol: 'TCP' as const }];
  return {
    whole: {
      metadata: { name: 'kubernetes', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [{ addresses: [{ ip: advertiseAddress }], ports }],
    },
    slice: {
      metadata: { name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: ipFamilyOf(advertiseAddress),
      endpoints: [{ addresses: [advertiseAddress], conditions: { ready: true } }],
      ports,
    },
  };
}
