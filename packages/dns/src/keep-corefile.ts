import { configMap } from '@navarch/api';
import { type Clock, type Logger, Marks, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import type { CompilePattern } from './chain/patterns.ts';
import type { Config } from './corefile/config.ts';
import { readCorefile } from './corefile/read-corefile.ts';
import type { Upstream } from './forward/exchange.ts';
import type { DnsServer } from './server.ts';

/** The ConfigMap that people edit, as upstream. */
export const COREFILE = { namespace: 'kube-system', name: 'coredns', key: 'Corefile' } as const;

/** What a configuration wants told over HTTP, by the place where it is told: `:9153`. */
export type Endpoints = ReadonlyMap<string, ReadonlySet<Endpoint>>;
export type Endpoint = 'metrics' | 'health' | 'ready';

export interface KeepCorefileDeps {
  /** Follows that ConfigMap, and perhaps others. */
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly server: Pick<DnsServer, 'use' | 'loopsOf' | 'metrics'>;
  readonly compile: CompilePattern;
  /** What is served where there is no ConfigMap. */
  readonly fallback: Config;
  /** Tells people about a Corefile that is not served. */
  refused(sentence: string): void;
  /** Listens on these places and no others from now on. */
  publish(endpoints: Endpoints): Promise<void>;
}

/** Changes that arrive within this time are applied together. */
const COALESCE_MS = 100;

/** Serves what the ConfigMap says, until the signal aborts. What cannot be served changes nothing: the last one goes on. */
export async function keepCorefile(deps: KeepCorefileDeps, signal: AbortSignal): Promise<void> {
  const { cache, clock, log, server, refused, publish } = deps;
  await using group = new TaskGroup(signal);
  const marks = new Marks();
  cache.onChange(configMap, marks.set);
  cache.follow(configMap);
  let last: string | undefined;
  while (await marks.take(clock, COALESCE_MS, group.signal)) {
    // Until it is known there is what the server began with.
    if (!cache.isSynced(configMap)) continue;
    const held = cache.get(configMap, `${COREFILE.namespace}/${COREFILE.name}`);
    const text = held?.data?.[COREFILE.key];
    const version = JSON.stringify(held?.data ?? null);
    if (version === last) continue;
    last = version;
    const read =
      text === undefined
        ? { config: deps.fallback }
        : readCorefile(text, { files: new Map(Object.entries(held?.data ?? {})), compile: deps.compile });
    const refusal = read.config ? loopSentence(await server.loopsOf(read.config, group.signal)) : read.refusal;
    if (refusal !== undefined) {
      server.metrics.reloadFailed.add();
      log.warn('the Corefile is not served: the last one that could be goes on', { error: refusal });
      refused(refusal);
      continue;
    }
    if (!read.config) continue;
    server.use(read.config);
    log.info('cluster DNS serves a configuration', { from: text === undefined ? 'defaults' : 'ConfigMap' });
    await publish(endpointsOf(read.config));
  }
}

function loopSentence([loop]: readonly Upstream[]): string | undefined {
  if (!loop) return undefined;
  const at = loop.address.includes(':') ? `[${loop.address}]:${loop.port}` : `${loop.address}:${loop.port}`;
  return `Corefile: ${at}, which questions are passed to, passes them back to this server: they would go round for ever`;
}

/** The configuration without those servers that it must not ask. */
export const withoutForwards = (config: Config): Config => ({
  blocks: config.blocks.map((block) => ({ ...block, forwards: [] })),
});

function endpointsOf({ blocks }: Config): Endpoints {
  const places = new Map<string, Set<Endpoint>>();
  const add = (place: string | undefined, endpoint: Endpoint): void => {
    if (place !== undefined) places.set(place, (places.get(place) ?? new Set()).add(endpoint));
  };
  for (const { prometheus, health, ready } of blocks) {
    add(prometheus, 'metrics');
    add(health, 'health');
    add(ready, 'ready');
  }
  return places;
}
