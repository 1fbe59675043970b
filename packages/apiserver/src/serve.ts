import { builtinKinds, nodeMetrics, podMetrics, virtualResources } from '@navarch/api';
import { type Clock, type Logger, MetricRegistry, type Random, TaskGroup } from '@navarch/base';
import { backtrackingPatterns, type Kind, type Patterns } from '@navarch/machinery';
import type { Store } from '@navarch/store';
import { builtinAdmission } from './admission/builtin.ts';
import type { Webhooks } from './admission/webhooks/port.ts';
import { Access } from './auth/access.ts';
import type { TokenKeys } from './auth/service-account-tokens.ts';
import type { User } from './auth/user.ts';
import { bootstrap } from './bootstrap/bootstrap.ts';
import { CustomResources } from './custom-resources/custom-resources.ts';
import { keepCompacted } from './housekeeping/compaction.ts';
import { keepEventsFresh } from './housekeeping/event-expiry.ts';
import { ensureFlow } from './flow/default-flow.ts';
import type { ParseYaml } from './handlers/body.ts';
import { Registry } from './registry/registry.ts';
import type { ComputedResource } from './resource-metrics/computed.ts';
import { type ReadKubelet, ResourceMetrics } from './resource-metrics/resource-metrics.ts';
import { Server } from './server.ts';
import { ServiceAllocator } from './service-allocator.ts';

export interface ServeOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly tokens: TokenKeys;
  readonly issuer: string;
  readonly staticTokens?: ReadonlyMap<string, User>;
  readonly serviceCidr: string;
  readonly nodePorts: readonly [first: number, last: number];
  readonly advertiseAddress: string;
  readonly advertisePort: number;
  readonly parseYaml?: ParseYaml;
  /** Names of admission plugins that are not asked. */
  readonly disabledAdmission?: readonly string[];
  /** Feature gates of upstream's that are off here, although they are on by default. */
  readonly disabledFeatures?: readonly string[];
  /** Calls the admission webhooks that people have configured. */
  readonly webhooks?: Webhooks;
  /** What the process counts: `/metrics` shows it. */
  readonly metrics?: MetricRegistry;
  /** Asks kubelets what their nodes use. Absent: metrics.k8s.io is not served. */
  readonly readKubelet?: ReadKubelet;
  /** How patterns of custom resources are matched. Absent: by the language's own engine, which is only for schemas one trusts. */
  readonly patterns?: Patterns;
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
  const { store, clock, random, log } = options;
  const allocator = new ServiceAllocator(() => registry, random.fork('services'), options);
  const issuer = { tokens: options.tokens, issuer: options.issuer, audiences: [options.issuer] };
  const registry: Registry = new Registry({
    store, clock, random: random.fork('registry'), log, kinds: builtinKinds, admission: builtinAdmission({ issuer, webhooks: options.webhooks }).filter((plugin) => !options.disabledAdmission?.includes(plugin.name)), access: new Access(() => registry),
    patterns: options.patterns ?? backtrackingPatterns, attendants: { '/services': allocator },
  });
  await registry.start(signal);
  const customResources = new CustomResources({ registry, patterns: options.patterns ?? backtrackingPatterns, clock, log, random: random.fork('conversions'), webhooks: options.webhooks });
  await customResources.start();
  const metrics = options.readKubelet && new ResourceMetrics({ registry, clock, log, readKubelet: options.readKubelet });
  const server = new Server({
    registry, computed: metrics ? computedBy(metrics) : [], virtual: virtualResources, address: `${options.advertiseAddress}:${options.advertisePort}`, metrics: options.metrics ?? new MetricRegistry(), failingChecks: () => [],
    isDiscoveryPlain: options.disabledFeatures?.includes('AggregatedDiscoveryEndpoint') ?? false,
    ...(options.parseYaml ? { parseYaml: options.parseYaml } : {}),
    authentication: {
      registry, ...issuer, staticTokens: options.staticTokens ?? new Map(),
      now: () => clock.now(),
    },
  });
  await ensureFlow(registry);
  await bootstrap(registry, {
    advertiseAddress: options.advertiseAddress, advertisePort: options.advertisePort, serviceCidr: options.serviceCidr, serviceAddress: firstAddress(options.serviceCidr),
  });
  const kinds = { current: () => registry.kinds, changed: (known: readonly Kind<any>[], until: AbortSignal) => registry.kindsChanged(known, until) };
  return { server, registry, kinds, housekeep: (until) => housekeep({ registry, customResources, metrics }, options, until) };
}

const computedBy = (metrics: ResourceMetrics): readonly ComputedResource[] => [
  { kind: nodeMetrics, list: () => metrics.nodes() },
  { kind: podMetrics, list: (namespace) => metrics.pods(namespace) },
];

interface Kept {
  readonly registry: Registry;
  readonly customResources: CustomResources;
  readonly metrics: ResourceMetrics | undefined;
}

async function housekeep({ registry, customResources, metrics }: Kept, { store, clock, log }: ServeOptions, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  group.spawn((s) => keepCompacted(store, clock, log, s));
  group.spawn((s) => keepEventsFresh(registry, clock, s));
  group.spawn((s) => customResources.run(s));
  if (metrics) group.spawn((s) => metrics.run(s));
  await group.join();
}

/** 10.96.0.1 for 10.96.0.0/16. */
const firstAddress = (cidr: string): string => (cidr.split('/')[0] ?? '').replace(/\d+$/, (last) => String(Number(last) + 1));
