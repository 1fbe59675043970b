import { addressAt, addressRange, nodeMetrics, podMetrics } from '@navarch/api';
import { type Clock, type Logger, MetricRegistry, type Random, TaskGroup } from '@navarch/base';
import { backtrackingPatterns, type Kind, type Patterns } from '@navarch/machinery';
import type { Store } from '@navarch/store';
import type { AdmissionPlugin } from './admission/admission.ts';
import { builtinAdmission } from './admission/builtin.ts';
import { chains } from './admission/chain.ts';
import type { TokenIssuer } from './admission/plugins/token-secrets.ts';
import type { SignatureProblem } from './admission/plugins/request-signature.ts';
import type { Webhooks } from './admission/webhooks/port.ts';
import { Aggregation } from './aggregation/aggregation.ts';
import { pendingLocalServices } from './aggregation/local-services.ts';
import { type AuthenticationConfig, ensureAuthenticationConfig } from './aggregation/authentication-config.ts';
import type { ExtensionServers } from './aggregation/extension-servers.ts';
import { Audit } from './audit/audit.ts';
import type { AuditSink } from './audit/event.ts';
import type { AuditPolicy } from './audit/policy.ts';
import { Access } from './auth/access.ts';
import { keepTokensTracked } from './auth/legacy-tokens.ts';
import type { TokenKeys } from './auth/service-account-tokens.ts';
import type { User } from './auth/user.ts';
import { bootstrap, type BootstrapOptions } from './bootstrap/bootstrap.ts';
import { CustomResources } from './custom-resources/custom-resources.ts';
import { FeatureGates, type SwitchedFeature } from './features/feature-gates.ts';
import { RuntimeConfig } from './features/runtime-config.ts';
import { servedKinds } from './features/served-kinds.ts';
import { healthChecks } from './health/checks.ts';
import { type Component, componentStatuses } from './health/component-statuses.ts';
import { Health } from './health/health.ts';
import { IDENTITY_HOOKS, StartHooks } from './health/start-hooks.ts';
import { StoreCheck } from './health/store-check.ts';
import { keepCompacted } from './housekeeping/compaction.ts';
import { collectIdentities, keepIdentity } from './housekeeping/identity-lease.ts';
import { keepEventsFresh } from './housekeeping/event-expiry.ts';
import { keepOwnObjects } from './housekeeping/own-objects.ts';
import { keepLevelsTold } from './flow/dangling.ts';
import { ensureFlow } from './flow/default-flow.ts';
import type { ParseYaml } from './handlers/body.ts';
import { Registry } from './registry/registry.ts';
import type { ComputedResource } from './resource-metrics/computed.ts';
import { type ReadKubelet, ResourceMetrics } from './resource-metrics/resource-metrics.ts';
import { usageColumns } from './resource-metrics/usage-columns.ts';
import { Server } from './server.ts';
import { ServiceAllocator } from './service-allocation/service-allocator.ts';
import type { Tuning } from './tuning.ts';
import type { MetricPage, View } from './views/view.ts';

export interface ServeOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly tokens: TokenKeys;
  readonly issuer: string;
  /** What tokens for this API are made out to. Absent: the issuer. */
  readonly audiences?: readonly string[];
  /** False: requests without credentials are not let in. */
  readonly admitsAnonymous?: boolean;
  readonly staticTokens?: ReadonlyMap<string, User>;
  /** Of two families: both, with a comma, the default first. */
  readonly serviceCidr: string;
  readonly nodePorts: readonly [first: number, last: number];
  readonly advertiseAddress: string;
  readonly advertisePort: number;
  readonly parseYaml?: ParseYaml;
  /** Names of admission plugins that are not asked. */
  readonly disabledAdmission?: readonly string[];
  /** Names of admission plugins that are asked though they are off at first. */
  readonly enabledAdmission?: readonly string[];
  /** Which features are on. Absent: those of the release. */
  readonly features?: FeatureGates;
  /** Which versions of the API are served. Absent: the stable ones. */
  readonly runtimeConfig?: RuntimeConfig;
  /** Of the machine. Absent: this server does not tell others that it is there. */
  readonly hostname?: string;
  /** What the process was started with, for `/flagz`: nothing that is secret. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Calls the admission webhooks that people have configured. */
  readonly webhooks?: Webhooks;
  /** Looks at signatures of requests for certificates. Absent: only who signs does. */
  readonly signatureProblem?: SignatureProblem;
  /** Calls the extension API servers that people have registered. */
  readonly extensions?: ExtensionServers;
  /** By what extension API servers know that it is this one who asks them, and who its users are. */
  readonly authenticationConfig?: AuthenticationConfig;
  /** What is written to the audit log, and where; absent: nothing. */
  readonly audit?: { readonly policy: AuditPolicy; readonly sink: AuditSink };
  /** What the process counts: `/metrics` shows it. */
  readonly metrics?: MetricRegistry;
  /** What runs in this process besides and ends with it, for component statuses. Absent: nothing. */
  readonly beside?: readonly Component[];
  /** What the store takes on disk, now. */
  readonly storageBytes?: () => number;
  /** Asks kubelets what their nodes use. Absent: metrics.k8s.io is not served. */
  readonly readKubelet?: ReadKubelet;
  /** What others of this process work out of single objects when it is read. Absent: nothing. */
  readonly views?: readonly View[];
  /** What they tell in numbers of all objects, by what is behind `/metrics/`. Absent: nothing. */
  readonly metricPages?: readonly MetricPage[];
  /** How patterns of custom resources are matched. Absent: by the language's own engine, which is only for schemas one trusts. */
  readonly patterns?: Patterns;
  readonly tuning?: Tuning;
}

export interface Served {
  readonly server: Server;
  readonly registry: Registry;
  /** What is served, as it changes. */
  readonly kinds: {
    current(): readonly Kind<any>[];
    /** Resolves when another list than `known` is served. Rejects when the signal aborts. */
    changed(known: readonly Kind<any>[], signal: AbortSignal): Promise<void>;
  };
  /** What the server does by itself for as long as the signal lasts: serves custom resources, forgets old history, removes old events. */
  housekeep(signal: AbortSignal): Promise<void>;
}

/** Puts the API server together over its ports and makes what every cluster has. Resolves when it can answer. */
export async function serve(options: ServeOptions, signal: AbortSignal): Promise<Served> {
  const {
    store,
    clock,
    random,
    log,
    metrics = new MetricRegistry(),
    features = new FeatureGates(),
    patterns = backtrackingPatterns,
    tuning = {},
  } = options;
  const reader = options.parseYaml ? { parseYaml: options.parseYaml } : {};
  const offered = servedKinds(options.runtimeConfig ?? new RuntimeConfig(), features);
  for (const gate of features.outgoing()) log.warn('a feature gate is set that a later release will not know', gate);
  if (offered.lacking.length > 0)
    log.warn('some resources of the versions that are to be served are not there', { resources: offered.lacking });
  const allocator = new ServiceAllocator(() => registry, random.fork('services'), options);
  const issuer = { tokens: options.tokens, issuer: options.issuer, audiences: options.audiences ?? [options.issuer] };
  const access = new Access(() => registry, metrics);
  const plugins = pluginsOf(options, issuer, features);
  const registry: Registry = new Registry({
    store,
    clock,
    random: random.fork('registry'),
    log,
    metrics,
    kinds: offered.stored,
    isServed: offered.isServed,
    features,
    admission: chains({ plugins, access, patterns, clock, random: random.fork('admission'), metrics }),
    attendants: { '/services': allocator },
  });
  const [hooks, storeCheck] = [new StartHooks(), new StoreCheck(store, clock)];
  const isNamed = options.hostname !== undefined && features.isEnabled('APIServerIdentity');
  const missingServices = options.extensions ? pendingLocalServices(registry) : () => [];
  const health = new Health(
    healthChecks({
      registry,
      store: storeCheck,
      hooks,
      without: isNamed ? [] : IDENTITY_HOOKS,
      signal,
      missingServices,
    }),
    log,
  );
  hooks.through('start-apiserver-admission-initializer');
  await registry.start(signal);
  allocator.start();
  hooks.through(
    'generic-apiserver-start-informers',
    'start-apiextensions-informers',
    'start-kube-aggregator-informers',
    'start-service-ip-repair-controllers',
    'storage-object-count-tracker-hook',
    'storage-readiness',
  );
  const conversions = random.fork('conversions');
  const customResources = new CustomResources({
    registry,
    patterns,
    clock,
    log,
    random: conversions,
    webhooks: options.webhooks,
  });
  await customResources.start();
  hooks.through('crd-informer-synced');
  const resourceMetrics =
    options.readKubelet && new ResourceMetrics({ registry, clock, log, readKubelet: options.readKubelet });
  const aggregation =
    options.extensions &&
    new Aggregation({
      registry,
      servers: options.extensions,
      tellsUid: features.isOn('RemoteRequestHeaderUID'),
      clock,
      random: random.fork('aggregation'),
      log,
      metrics,
    });
  const server = new Server({
    registry,
    access,
    aggregation,
    virtual: offered.virtual,
    computed: [
      ...[componentStatuses(storeCheck, options.beside ?? [])].filter(({ kind }) => offered.isServed(kind)),
      ...(resourceMetrics ? computedBy(resourceMetrics) : []),
    ],
    views: options.views ?? [],
    metricPages: options.metricPages ?? [],
    address: `${tuning.externalHost ?? options.advertiseAddress}:${options.advertisePort}`,
    metrics,
    storageBytes: options.storageBytes,
    health,
    features,
    flags: options.flags ?? {},
    tuning,
    ...reader,
    audit: options.audit && new Audit({ ...options.audit, clock, metrics, ...reader }),
    authentication: {
      registry,
      ...issuer,
      staticTokens: options.staticTokens ?? new Map(),
      admitsAnonymous: options.admitsAnonymous ?? true,
      readsCertificateUids: features.isOn('AllowParsingUserUIDFromCertAuth'),
      now: () => clock.now(),
    },
  });
  hooks.through('priority-and-fairness-config-consumer', 'priority-and-fairness-filter');
  await ensureFlow(registry);
  hooks.through('priority-and-fairness-config-producer');
  const own = {
    advertiseAddress: options.advertiseAddress,
    advertisePort: options.advertisePort,
    serviceCidr: options.serviceCidr,
    serviceAddress: firstAddress(options.serviceCidr),
  };
  await bootstrap(registry, own);
  hooks.through(...MADE_BY_BOOTSTRAP);
  if (options.authenticationConfig)
    await ensureAuthenticationConfig(registry, options.authenticationConfig, features.isOn('RemoteRequestHeaderUID'));
  hooks.through('start-cluster-authentication-info-controller');
  const kinds = {
    current: () => registry.kinds,
    changed: (known: readonly Kind<any>[], until: AbortSignal) => registry.kindsChanged(known, until),
  };
  return {
    server,
    registry,
    kinds,
    housekeep: (until) =>
      housekeep({ registry, hooks, customResources, resourceMetrics, aggregation, own }, options, until),
  };
}

const MADE_BY_BOOTSTRAP = [
  'start-system-namespaces-controller',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'start-kubernetes-service-cidr-controller',
  'bootstrap-controller',
] as const;

/** Plugins that are there for a feature. */
const PLUGINS: Readonly<Record<string, SwitchedFeature>> = {
  MutatingAdmissionPolicy: 'MutatingAdmissionPolicy',
  PodTopologyLabels: 'PodTopologyLabelsAdmission',
};

const pluginsOf = (
  { webhooks, signatureProblem, disabledAdmission, enabledAdmission, tuning }: ServeOptions,
  issuer: TokenIssuer,
  features: FeatureGates,
): readonly AdmissionPlugin[] =>
  builtinAdmission({ issuer, webhooks, signatureProblem, toleratedSeconds: tuning?.toleratedSeconds }).filter(
    ({ name, isOptional }) => {
      if (isOptional && !enabledAdmission?.includes(name)) return false;
      const feature = PLUGINS[name];
      return !disabledAdmission?.includes(name) && (feature === undefined || features.isOn(feature));
    },
  );

const computedBy = (metrics: ResourceMetrics): readonly ComputedResource[] => [
  { kind: nodeMetrics, list: () => metrics.nodes(), columns: usageColumns },
  { kind: podMetrics, list: (namespace) => metrics.pods(namespace), columns: usageColumns },
];

interface Kept {
  readonly registry: Registry;
  readonly hooks: StartHooks;
  readonly customResources: CustomResources;
  readonly resourceMetrics: ResourceMetrics | undefined;
  readonly aggregation: Aggregation | undefined;
  readonly own: BootstrapOptions;
}

/** Without extension servers there is nothing of it to wait for. */
const KEPT_BY_AGGREGATION = [
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
  'apiservice-openapi-controller',
  'apiservice-openapiv3-controller',
] as const;

async function housekeep(
  { registry, hooks, customResources, resourceMetrics, aggregation, own }: Kept,
  { clock, log, random, hostname, tuning }: ServeOptions,
  signal: AbortSignal,
): Promise<void> {
  await using group = new TaskGroup(signal);
  group.spawn((s) => keepCompacted(registry, clock, log, s));
  group.spawn((s) => keepEventsFresh(registry, { clock, ttlMs: tuning?.eventTtlMs }, s));
  group.spawn((s) => keepOwnObjects(registry, own, { clock, log }, s));
  group.spawn((s) => keepLevelsTold(registry, { clock, log }, s));
  group.spawn((s) => keepTokensTracked(registry, { clock, log }, s));
  if (hostname !== undefined && registry.features.isEnabled('APIServerIdentity')) {
    group.spawn((s) => keepIdentity(registry, { clock, log, random: random.fork('identity'), hostname }, s));
    group.spawn((s) => collectIdentities(registry, { clock, log }, s));
  }
  group.spawn((s) => customResources.run(s));
  if (resourceMetrics) group.spawn((s) => resourceMetrics.run(s));
  if (aggregation) group.spawn((s) => aggregation.run(s));
  hooks.through(
    'start-apiextensions-controllers',
    'start-legacy-token-tracking-controller',
    ...IDENTITY_HOOKS,
    ...KEPT_BY_AGGREGATION,
  );
  await group.join();
}

/** 10.96.0.1 for 10.96.0.0/16. Of two ranges: of the first. */
function firstAddress(cidrs: string): string {
  const range = addressRange(cidrs.split(',')[0] ?? '');
  return range ? addressAt(range, 0) : '';
}
