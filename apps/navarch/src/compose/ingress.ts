import { networkInterfaces } from 'node:os';
import { clusterRole, clusterRoleBinding, event, ingressClass, lease, secret } from '@navarch/api';
import { type Logger, type Metrics, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder, type KindApi, leadAgain, type LeaseObject } from '@navarch/client';
import type { KindSource } from '@navarch/controllers';
import { type Bind, GatewaySource, INGRESS_CONTROLLER, runIngress } from '@navarch/ingress';
import { haproxyEngine, haproxyLayout, opensslCertificates } from '@navarch/node/haproxy';
import { identityOfUser } from '@navarch/node/host';
import { Pki } from '@navarch/node/pki';
import { systemClock, systemRandom } from '@navarch/node/system';
import { ingressFolder, type IngressPorts } from '../cluster/ingress-flags.ts';
import { ensure, restore } from './ensure.ts';

export interface IngressOptions {
  readonly dataDir: string;
  /** Where certificates are made: one for whom nobody gave another. */
  readonly pkiDir: string;
  readonly ports: IngressPorts;
  /** Empty: every address of this machine. */
  readonly bindAddresses: readonly string[];
  /** What people are told to send requests to. */
  readonly addresses: readonly string[];
  /** Whether services are given addresses, so that Gateways can have their own. */
  readonly hasOwnAddresses: boolean;
  /** The client port under the identity of a component. */
  as(user: { readonly name: string; readonly groups: readonly string[] }): Api;
  /** What the API server serves: Gateways are there for as long as their definitions are. */
  readonly kinds: KindSource;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Who this server is among several on one store. */
  readonly candidate: string | undefined;
}

const USER = { name: 'system:navarch-ingress', groups: ['system:authenticated'] };
const SOURCE = 'navarch-ingress';
const FILES_MAX = 40_000;
/** Helm keeps whole charts in secrets, which nobody serves. */
const SECRETS = { fieldSelector: 'type!=helm.sh/release.v1' };

const RULES = [
  { apiGroups: [''], resources: ['services', 'secrets'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  // Gateways have services of their own; only with these rights can the engine's ports be behind them.
  { apiGroups: [''], resources: ['services'], verbs: ['create', 'patch', 'delete'] },
  {
    apiGroups: ['discovery.k8s.io'],
    resources: ['endpointslices', 'endpointslices/restricted'],
    verbs: ['create', 'patch', 'delete'],
  },
  // So that they go with their Gateway.
  { apiGroups: ['gateway.networking.k8s.io'], resources: ['gateways/finalizers'], verbs: ['update'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'ingressclasses'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['update', 'patch'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
  {
    apiGroups: ['gateway.networking.k8s.io'],
    resources: ['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes', 'referencegrants'],
    verbs: ['get', 'list', 'watch'],
  },
  {
    apiGroups: ['gateway.networking.k8s.io'],
    resources: ['gatewayclasses/status', 'gateways/status', 'httproutes/status', 'grpcroutes/status'],
    verbs: ['update', 'patch'],
  },
  { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

/** The class of Ingresses that this serves, and what it may do. The class is the default until somebody takes the mark away. */
export async function ensureIngress(api: Api): Promise<void> {
  const metadata = { name: USER.name };
  await restore(api, clusterRole, { metadata, rules: RULES }, 'rules');
  await ensure(api, clusterRoleBinding, {
    metadata,
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: USER.name }],
    roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: USER.name },
  });
  await ensure(api, ingressClass, {
    metadata: { name: 'navarch', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: INGRESS_CONTROLLER },
  });
}

/** Serves Ingresses on this machine until the signal aborts; HAProxy goes on, and is found again. */
export async function serveIngress(options: IngressOptions, signal: AbortSignal): Promise<void> {
  const { log, as } = options;
  const [api, clock, random] = [as(USER), systemClock, systemRandom()];
  const folder = ingressFolder(options.dataDir);
  const pki = await Pki.open(options.pkiDir);
  const own = await pki.identity('ingress', {
    commonName: 'Kubernetes Ingress Controller Fake Certificate',
    names: ['ingress.local', 'localhost'],
    isForPeople: true,
  });
  const user = identityOfUser('haproxy');
  const cache = new Cache({ api, clock, random, log, scopes: new Map([[secret, SECRETS]]) });
  const events = new EventRecorder({ events: api.of(event), clock, random: random.fork('events'), log }, SOURCE);
  await using group = new TaskGroup(signal);
  group.spawn((s) => cache.run(s));
  group.spawn((s) => events.run(s));
  let isLeading = options.candidate === undefined;
  const { candidate, metrics } = options;
  if (candidate !== undefined)
    group.spawn((s) =>
      leadAgain(
        { leases: api.of(lease) as KindApi<LeaseObject>, clock, random: random.fork('lease'), log, metrics, events },
        { namespace: 'kube-system', name: SOURCE, identity: candidate },
        async (during) => {
          isLeading = true;
          await new Promise<void>((resolve) => during.addEventListener('abort', () => resolve(), { once: true }));
          isLeading = false;
        },
        s,
      ),
    );
  group.spawn((s) =>
    runIngress(
      {
        cache,
        gateways: new GatewaySource({
          kinds: options.kinds,
          clock,
          newCache: () => new Cache({ api, clock, random: random.fork('gateways'), log }),
        }),
        api,
        clock,
        log,
        events,
        engine: haproxyEngine(folder),
        certificates: opensslCertificates(),
        settings: {
          socket: haproxyLayout(folder).socket,
          ...(user && process.getuid?.() === 0 ? { user } : {}),
          defaultCertificate: `${own.certificate.trimEnd()}\n${own.key}`,
          filesMax: FILES_MAX,
        },
        binds: bindsOf(options),
        addresses: options.addresses,
        hasOwnAddresses: options.hasOwnAddresses,
        speaks: () => isLeading,
      },
      s,
    ),
  );
  await group.join();
}

function bindsOf({ ports, bindAddresses }: IngressOptions): readonly Bind[] {
  const there = new Set(
    Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address)),
  );
  // A machine without IPv6 has no ::1, and what is not there cannot be listened on.
  const addresses = bindAddresses.filter((address) => address !== '::1' || there.has(address));
  const at = addresses.length === 0 ? [{}] : addresses.map((address) => ({ address }));
  return at.flatMap((where) => [
    { ...where, port: ports.http, isTls: false },
    { ...where, port: ports.https, isTls: true },
  ]);
}
