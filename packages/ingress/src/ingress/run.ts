import { endpointSlice, ingress, type Ingress, ingressClass, secret, service } from '@navarch/api';
import { type Clock, type Logger, Marks, TaskGroup } from '@navarch/base';
import { type Api, type Cache, type CacheIndex, defineIndex, type Recorder } from '@navarch/client';
import { equalJson, hasReason, keyIn, keyOf } from '@navarch/machinery';
import type { Surroundings } from '../endpoints.ts';
import type { EngineSettings } from '../haproxy/config.ts';
import { EngineKeeper } from '../keep-engine.ts';
import type { Bind, Problem, Site } from '../model.ts';
import type { Certificates, Engine } from '../ports.ts';
import { Teller } from '../tell.ts';
import { isOurs } from './classes.ts';
import { translateIngresses, type Translation } from './translate.ts';

export interface IngressDeps {
  readonly cache: Cache;
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: Recorder;
  readonly engine: Engine;
  readonly settings: EngineSettings;
  readonly certificates: Certificates;
  readonly binds: readonly Bind[];
  /** What people are told to send requests to. */
  readonly addresses: readonly string[];
  /** Whether this one tells and writes; of several that serve one does. */
  readonly speaks: () => boolean;
}

/** Changes that arrive within this time are taken up together. */
const COALESCE_MS = 20;
const RETRY_MS = 5_000;
/** How soon it is seen that the engine has ended. */
const LOOK_MS = 1_000;

/**
 * Serves Ingresses of our class until the signal aborts; the engine goes on. Where there are none nothing is listened
 * on, and neither services nor secrets are read.
 */
export async function runIngress(deps: IngressDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const { cache, clock, log } = deps;
  const marks = new Marks();
  const server = new IngressServer(deps);
  cache.onChange(ingress, marks.set);
  cache.onChange(ingressClass, marks.set);
  await cache.whenSynced([ingress, ingressClass], group.signal);
  let isServing = false;
  while (await marks.take(clock, COALESCE_MS, group.signal)) {
    try {
      const ours = server.ours();
      if (ours.length > 0 && !isServing) {
        isServing = true;
        cache.onChange(service, marks.set);
        cache.onChange(endpointSlice, marks.set);
        cache.onChange(secret, marks.set);
        await cache.whenSynced(WHAT_IS_SERVED, group.signal);
        group.spawn((s) => server.watchEngine(marks.set, s));
      }
      await server.serve(ours, group.signal);
    } catch (error) {
      if (group.signal.aborted) return;
      log.warn('ingress not served as it should be', { error });
      group.spawn(async (s) => {
        await clock.sleep(RETRY_MS, s).catch(() => undefined);
        marks.set();
      });
    }
  }
}

const WHAT_IS_SERVED = [service, endpointSlice, secret] as const;

const SERVICE_NAME = 'kubernetes.io/service-name';
const sliceOfService: CacheIndex<any> = defineIndex<any>((slice) => [
  `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ''}`,
]);

const surroundingsOf = (cache: Cache): Surroundings => ({
  service: (namespace, name) => cache.get(service, keyIn(namespace, name)),
  slices: (namespace, name) => cache.find(endpointSlice, sliceOfService, `${namespace}/${name}`),
  secret: (namespace, name) => cache.get(secret, keyIn(namespace, name)),
});

class IngressServer {
  readonly #deps: IngressDeps;
  readonly #keeper: EngineKeeper;
  readonly #teller: Teller;
  /** What the engine refused, by the version that it refused: it is not asked again for the same. */
  #refused: ReadonlyMap<string, Problem & { readonly version: string }> = new Map();
  /** At first there may be one of an earlier run. */
  #isStopped = false;
  /** Of those we serve, as which version they were announced. */
  #announced: ReadonlyMap<string, string> = new Map();

  constructor(deps: IngressDeps) {
    this.#deps = deps;
    this.#keeper = new EngineKeeper(deps);
    this.#teller = new Teller(deps.events);
  }

  ours(): readonly Ingress[] {
    const { cache } = this.#deps;
    return cache
      .list(ingress)
      .filter((one) => !one.metadata.deletionTimestamp && isOurs(one, (name) => cache.get(ingressClass, name)));
  }

  /** Has it started again where it ends by itself. */
  async watchEngine(ended: () => void, signal: AbortSignal): Promise<void> {
    const { engine, clock, log } = this.#deps;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
      if (signal.aborted || !this.#keeper.isRunning || (await engine.isRunning())) continue;
      log.warn('ingress engine ended by itself: it is started again');
      this.#keeper.forget();
      ended();
    }
  }

  async serve(ours: readonly Ingress[], signal: AbortSignal): Promise<void> {
    if (ours.length > 0) await this.#apply(ours, signal);
    else if (!this.#isStopped) await this.#keeper.stop(signal);
    this.#isStopped = ours.length === 0;
    if (this.#deps.speaks()) await this.#report(ours, signal);
  }

  async #apply(ours: readonly Ingress[], signal: AbortSignal): Promise<void> {
    const byKey = new Map(ours.map((one) => [keyOf(one), one]));
    const versionOf = (owner: string): string => {
      const metadata = byKey.get(owner)?.metadata;
      return `${metadata?.uid} ${metadata?.generation ?? 0} ${JSON.stringify(metadata?.annotations ?? {})}`;
    };
    this.#refused = new Map([...this.#refused].filter(([owner, { version }]) => versionOf(owner) === version));
    const objectOf = (owner: string): Ingress | undefined => byKey.get(owner);
    for (;;) {
      const translation = this.#translate(ours.filter((one) => !this.#refused.has(keyOf(one))));
      try {
        const refusals = await this.#keeper.apply(this.#siteOf(translation), signal);
        for (const problem of refusals)
          this.#refused = new Map([
            ...this.#refused,
            [problem.owner, { ...problem, version: versionOf(problem.owner) }],
          ]);
        if (refusals.length > 0) continue;
        this.#tell([...translation.problems, ...this.#refused.values()], objectOf);
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        const message = `nothing new is served: ${error instanceof Error ? error.message : String(error)}`;
        this.#tell(
          [...byKey.keys()].map((owner) => ({ owner, reason: 'EngineFailed', message })),
          objectOf,
        );
        throw error;
      }
    }
  }

  #tell(problems: readonly Problem[], objectOf: (owner: string) => Ingress | undefined): void {
    if (this.#deps.speaks()) this.#teller.tell(problems, objectOf);
  }

  #translate(ingresses: readonly Ingress[]): Translation {
    const { cache, certificates, clock, binds } = this.#deps;
    return translateIngresses(ingresses, {
      ...surroundingsOf(cache),
      certificates,
      nowMs: clock.now(),
      httpsPort: binds.find(({ isTls }) => isTls)?.port ?? 443,
    });
  }

  #siteOf({ routes, backends, certificates }: Translation): Site {
    const { binds } = this.#deps;
    return { backends, entrances: [{ id: 'ingress', binds, routes, certificates, wildcard: 'one-label' }] };
  }

  /** Says where they are reached, of those that were ours that they are not any more. */
  async #report(ours: readonly Ingress[], signal: AbortSignal): Promise<void> {
    const { cache, events, addresses } = this.#deps;
    const now = new Map(ours.map((one) => [keyOf(one), String(one.metadata.generation ?? 0)]));
    const points = addresses.map((ip) => ({ ip }));
    for (const one of ours) {
      if (this.#announced.get(keyOf(one)) !== now.get(keyOf(one)))
        events.record(one, { type: 'Normal', reason: 'Sync', message: 'Scheduled for sync' });
      await this.#publish(one, points, signal);
    }
    for (const key of this.#announced.keys()) {
      const former = now.has(key) ? undefined : cache.get(ingress, key);
      if (former && equalJson(former.status.loadBalancer.ingress ?? [], points))
        await this.#publish(former, [], signal);
    }
    this.#announced = now;
  }

  async #publish(one: Ingress, points: readonly { readonly ip: string }[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (equalJson(one.status.loadBalancer.ingress ?? [], points)) return;
    try {
      const body = { status: { loadBalancer: { ingress: points.length > 0 ? points : null } } };
      await this.#deps.api.of(ingress).patch(keyOf(one), { type: 'merge', body }, { subresource: 'status' });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error; // It is gone: nobody is left to tell.
    }
  }
}
