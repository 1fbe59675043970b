import { ingress, type Ingress, ingressClass } from '@navarch/api';
import type { Clock, Logger } from '@navarch/base';
import type { Api, Cache, Recorder } from '@navarch/client';
import { type ApiObject, equalJson, hasReason, keyOf } from '@navarch/machinery';
import { gatewayOfPort } from './gateway/addresses.ts';
import { keepAddresses, ownAddressesOf } from './gateway/keep-addresses.ts';
import type { Gateway } from './gateway/objects.ts';
import type { GatewayObjects, GatewaySource } from './gateway/source.ts';
import { statusWrites } from './gateway/status.ts';
import type { EngineSettings } from './haproxy/settings.ts';
import { isOurs, ownClasses, ownerOfClass } from './ingress/classes.ts';
import { EngineKeeper } from './keep-engine.ts';
import type { Bind, Problem } from './model.ts';
import type { Certificates, Engine } from './ports.ts';
import { Teller } from './tell.ts';
import { isApart, ownerOfSharedPort, type Translated, translate, type Wanted } from './translate.ts';

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
  /** Whether services are given addresses, so that Gateways can have their own. */
  readonly hasOwnAddresses: boolean;
  /** Whether this one tells and writes; of several that serve one does. */
  readonly speaks: () => boolean;
}

/** How soon it is seen that the engine has ended. */
const LOOK_MS = 1_000;

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
    let translation: Translated | undefined;
    if (!isEmpty) translation = await this.#apply(wanted, signal);
    else if (!this.#isStopped) await this.#keeper.stop(signal);
    this.#isStopped = isEmpty;
    if (!this.#deps.speaks()) return;
    await this.#report(ingresses, signal);
    if (gateways) await this.#reportGateways(gateways, translation ?? this.#translate(wanted), signal);
  }

  async #apply(wanted: Wanted, signal: AbortSignal): Promise<Translated> {
    const byOwner = new Map<string, ApiObject>([
      ...ownClasses(this.#deps.cache.list(ingressClass)).map((one) => [ownerOfClass(one.metadata), one] as const),
      ...wanted.ingresses.map((one) => [keyOf(one), one] as const),
      // Of several the oldest is told.
      ...(wanted.gateways?.gateways ?? [])
        .toReversed()
        .flatMap((one) => [
          [`Gateway ${keyOf(one)}`, one] as const,
          ...one.spec.listeners.map(({ port }) => [ownerOfSharedPort(port), one] as const),
        ]),
      ...(wanted.gateways?.routes ?? []).map((one) => [`${one.kind} ${keyOf(one)}`, one] as const),
    ]);
    const objectOf = (owner: string): ApiObject | undefined => byOwner.get(gatewayOfPort(owner));
    const versionOf = (owner: string): string => {
      const metadata = objectOf(owner)?.metadata;
      return `${metadata?.uid} ${metadata?.generation ?? 0} ${JSON.stringify(metadata?.annotations ?? {})}`;
    };
    this.#refused = new Map([...this.#refused].filter(([owner, { version }]) => versionOf(owner) === version));
    for (;;) {
      const translated = this.#translate(wanted);
      try {
        const refusals = await this.#keeper.apply(translated.site, signal);
        const again = refusals.find(({ owner }) => this.#refused.has(owner));
        // Nothing more can be left out: it would be asked for ever.
        if (again) throw new Error(`the ingress engine refuses what was left out: ${again.message}`);
        for (const problem of refusals)
          this.#refused = new Map([
            ...this.#refused,
            [problem.owner, { ...problem, version: versionOf(problem.owner) }],
          ]);
        if (refusals.length > 0) continue;
        this.#tell([...translated.problems, ...this.#refused.values()], objectOf);
        return translated;
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

  #translate(wanted: Wanted): Translated {
    const { clock, ...deps } = this.#deps;
    const isRefused = (owner: string): boolean => this.#refused.has(owner);
    return translate(wanted, { ...deps, nowMs: clock.now(), isRefused });
  }

  async #reportGateways(
    objects: GatewayObjects,
    { gateways: translation, ports }: Translated,
    signal: AbortSignal,
  ): Promise<void> {
    if (!translation) return;
    const { api, cache, clock, addresses } = this.#deps;
    const apart = objects.gateways.filter((one) => isApart(one, this.#deps));
    await keepAddresses({ api, cache, gateways: apart, ports, machine: addresses[0] ?? '' }, signal);
    const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
    const ownAddresses = (one: Gateway): readonly string[] | string | undefined =>
      apart.includes(one) ? ownAddressesOf(cache, one) : undefined;
    for (const { object, status } of statusWrites({ objects, translation, addresses, ownAddresses, now })) {
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
