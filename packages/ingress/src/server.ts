import { endpointSlice, ingress, type Ingress, ingressClass, secret, service } from '@navarch/api';
import type { Clock, Logger } from '@navarch/base';
import { type Api, type Cache, type CacheIndex, defineIndex, type Recorder } from '@navarch/client';
import { type ApiObject, equalJson, hasReason, keyIn, keyOf } from '@navarch/machinery';
import { Wardrobe } from './certificates.ts';
import type { Surroundings } from './endpoints.ts';
import type { EngineSettings } from './haproxy/config.ts';
import { EngineKeeper } from './keep-engine.ts';
import type { Bind, Problem, Site } from './model.ts';
import type { Certificates, Engine } from './ports.ts';
import { Teller } from './tell.ts';
import { isOurs } from './ingress/classes.ts';
import { translateIngresses } from './ingress/translate.ts';
import type { GatewayObjects, GatewaySource } from './gateway/source.ts';
import { statusWrites } from './gateway/status.ts';
import { type GatewayTranslation, translateGateways } from './gateway/translate.ts';

export interface IngressDeps {
  readonly cache: Cache;
  readonly gateways: GatewaySource;
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

/** How soon it is seen that the engine has ended. */
const LOOK_MS = 1_000;

/** What there is to serve. */
export interface Wanted {
  readonly ingresses: readonly Ingress[];
  readonly gateways: GatewayObjects | undefined;
  readonly isEmpty: boolean;
}

const SERVICE_NAME = 'kubernetes.io/service-name';
const sliceOfService: CacheIndex<any> = defineIndex<any>((slice) => [
  `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ''}`,
]);

const surroundingsOf = (cache: Cache): Surroundings => ({
  service: (namespace, name) => cache.get(service, keyIn(namespace, name)),
  slices: (namespace, name) => cache.find(endpointSlice, sliceOfService, `${namespace}/${name}`),
  secret: (namespace, name) => cache.get(secret, keyIn(namespace, name)),
});

/** Serves what is wanted, and says what became of it. */
export class IngressServer {
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

  wanted(): Wanted {
    const { cache, gateways: source } = this.#deps;
    const ingresses = cache
      .list(ingress)
      .filter((one) => !one.metadata.deletionTimestamp && isOurs(one, (name) => cache.get(ingressClass, name)));
    const gateways = source.current();
    return { ingresses, gateways, isEmpty: ingresses.length === 0 && (gateways?.gateways.length ?? 0) === 0 };
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

  async serve(wanted: Wanted, signal: AbortSignal): Promise<void> {
    const { ingresses, gateways, isEmpty } = wanted;
    let translation: GatewayTranslation | undefined;
    if (!isEmpty) translation = await this.#apply(wanted, signal);
    else if (!this.#isStopped) await this.#keeper.stop(signal);
    this.#isStopped = isEmpty;
    if (!this.#deps.speaks()) return;
    await this.#report(ingresses, signal);
    if (gateways) await this.#reportGateways(gateways, translation ?? this.#translate(wanted).gateways, signal);
  }

  async #apply(wanted: Wanted, signal: AbortSignal): Promise<GatewayTranslation | undefined> {
    const byOwner = new Map<string, ApiObject>([
      ...wanted.ingresses.map((one) => [keyOf(one), one] as const),
      ...(wanted.gateways?.routes ?? []).map((one) => [`${one.kind} ${keyOf(one)}`, one] as const),
    ]);
    const versionOf = (owner: string): string => {
      const metadata = byOwner.get(owner)?.metadata;
      return `${metadata?.uid} ${metadata?.generation ?? 0} ${JSON.stringify(metadata?.annotations ?? {})}`;
    };
    this.#refused = new Map([...this.#refused].filter(([owner, { version }]) => versionOf(owner) === version));
    const objectOf = (owner: string): ApiObject | undefined => byOwner.get(owner);
    for (;;) {
      const { site, problems, gateways } = this.#translate(wanted);
      try {
        const refusals = await this.#keeper.apply(site, signal);
        for (const problem of refusals)
          this.#refused = new Map([
            ...this.#refused,
            [problem.owner, { ...problem, version: versionOf(problem.owner) }],
          ]);
        if (refusals.length > 0) continue;
        this.#tell([...problems, ...this.#refused.values()], objectOf);
        return gateways;
      } catch (error) {
        if (signal.aborted) throw error;
        const message = `nothing new is served: ${error instanceof Error ? error.message : String(error)}`;
        this.#tell(
          [...byOwner.keys()].map((owner) => ({ owner, reason: 'EngineFailed', message })),
          objectOf,
        );
        throw error;
      }
    }
  }

  #tell(problems: readonly Problem[], objectOf: (owner: string) => ApiObject | undefined): void {
    if (this.#deps.speaks()) this.#teller.tell(problems, objectOf);
  }

  #translate({ ingresses, gateways }: Wanted): Translated {
    const { cache, certificates, clock, binds } = this.#deps;
    const wardrobe = new Wardrobe(certificates, clock.now());
    const surroundings = surroundingsOf(cache);
    const own = ingresses.length > 0 ? binds : [];
    const fromIngresses = translateIngresses(
      ingresses.filter((one) => !this.#refused.has(keyOf(one))),
      { ...surroundings, wardrobe, httpsPort: binds.find(({ isTls }) => isTls)?.port ?? 443 },
    );
    const fromGateways =
      gateways &&
      translateGateways(
        gateways.gateways,
        gateways.routes.filter((one) => !this.#refused.has(`${one.kind} ${keyOf(one)}`)),
        { ...surroundings, wardrobe, grants: gateways.grants, labelsOf: gateways.labelsOf, taken: own },
      );
    const addresses = new Set(binds.map(({ address }) => address));
    const more = (fromGateways?.ports ?? []).flatMap((port) =>
      own.some((bind) => bind.port === port.port)
        ? []
        : [...addresses].map((address) => ({ ...port, ...(address === undefined ? {} : { address }) })),
    );
    return {
      gateways: fromGateways,
      problems: fromIngresses.problems,
      site: {
        backends: [...fromIngresses.backends, ...(fromGateways?.backends ?? [])],
        entrances: [
          {
            id: 'all',
            binds: [...own, ...more],
            routes: [...fromIngresses.routes, ...(fromGateways?.routes ?? [])],
            certificates: wardrobe.certificates,
          },
        ],
      },
    };
  }

  async #reportGateways(
    objects: GatewayObjects,
    translation: GatewayTranslation | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (!translation) return;
    const now = `${new Date(this.#deps.clock.now()).toISOString().slice(0, 19)}Z`;
    for (const { object, status } of statusWrites({ objects, translation, addresses: this.#deps.addresses, now })) {
      signal.throwIfAborted();
      const kind = objects.kindOf(object);
      if (!kind) continue;
      try {
        await this.#deps.api
          .of(kind)
          .patch(keyOf(object), { type: 'merge', body: { status } }, { subresource: 'status' });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    }
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

interface Translated {
  readonly site: Site;
  readonly problems: readonly Problem[];
  readonly gateways: GatewayTranslation | undefined;
}
