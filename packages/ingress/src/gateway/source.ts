import { namespace } from '@navarch/api';
import { type Clock, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { type ApiObject, keyOf, type Kind } from '@navarch/machinery';
import type { KindSource } from '../ports.ts';
import {
  type Gateway,
  GATEWAY_CONTROLLER,
  type GatewayClass,
  GROUP,
  type ReferenceGrant,
  type RouteObject,
} from './objects.ts';

/** Gateways of our classes, and all that they may have to do with; each list in order of age. */
export interface GatewayObjects {
  readonly classes: readonly GatewayClass[];
  readonly gateways: readonly Gateway[];
  readonly routes: readonly RouteObject[];
  readonly grants: readonly ReferenceGrant[];
  labelsOf(namespace: string): Readonly<Record<string, string>> | undefined;
  /** Of one of these objects. */
  kindOf(object: ApiObject): Kind<any> | undefined;
}

export interface GatewaySourceDeps {
  readonly kinds: KindSource;
  readonly clock: Clock;
  readonly newCache: () => Cache;
}

/** Definitions come many at a time. */
const SETTLE_MS = 500;
const NAMES = ['GatewayClass', 'Gateway', 'HTTPRoute', 'GRPCRoute', 'ReferenceGrant'];

/** The objects of the Gateway API, for as long as its definitions are there: who installs them has Gateways. */
export class GatewaySource {
  readonly #deps: GatewaySourceDeps;
  #cache: Cache | undefined;
  #kinds: ReadonlyMap<string, Kind<any>> = new Map();

  constructor(deps: GatewaySourceDeps) {
    this.#deps = deps;
  }

  /** Follows what there is, and anew whenever something else is served. */
  async run(changed: () => void, signal: AbortSignal): Promise<void> {
    const { kinds: source, clock, newCache } = this.#deps;
    while (!signal.aborted) {
      const served = source.current();
      const kinds = gatewayKinds(served);
      const round = new AbortController();
      const group = new TaskGroup(AbortSignal.any([signal, round.signal]));
      try {
        if (kinds.size > 0) {
          const cache = newCache();
          for (const kind of [...kinds.values(), namespace]) cache.onChange(kind as Kind<any>, changed);
          group.spawn((s) => cache.run(s));
          await cache.whenSynced([...kinds.values(), namespace], group.signal);
          [this.#cache, this.#kinds] = [cache, kinds];
        }
        changed();
        for (let known = served; sameKinds(kinds, gatewayKinds(known)); known = source.current())
          await source.changed(known, group.signal);
        await clock.sleep(SETTLE_MS, group.signal);
      } catch (error) {
        if (!group.signal.aborted) throw error;
      }
      [this.#cache, this.#kinds] = [undefined, new Map()];
      round.abort(new Error('Other kinds are served'));
      await group[Symbol.asyncDispose]();
    }
  }

  current(): GatewayObjects | undefined {
    const [cache, kinds] = [this.#cache, this.#kinds];
    if (!cache) return undefined;
    const list = <O extends ApiObject>(name: string): readonly O[] => {
      const kind = kinds.get(name);
      return kind ? byAge(cache.list(kind as Kind<O>)) : [];
    };
    const classes = list<GatewayClass>('GatewayClass').filter(({ spec }) => spec.controllerName === GATEWAY_CONTROLLER);
    const names = new Set(classes.map(({ metadata }) => metadata.name));
    return {
      classes,
      gateways: list<Gateway>('Gateway').filter(({ spec }) => names.has(spec.gatewayClassName)),
      routes: byAge([...list<RouteObject>('HTTPRoute'), ...list<RouteObject>('GRPCRoute')]),
      grants: list('ReferenceGrant'),
      labelsOf: (name) => cache.get(namespace, name)?.metadata.labels,
      kindOf: ({ kind }) => kinds.get(kind),
    };
  }
}

/** The newest version that is served of each. */
function gatewayKinds(served: readonly Kind<any>[]): ReadonlyMap<string, Kind<any>> {
  const found = served.filter(({ group, kind }) => group === GROUP && NAMES.includes(kind));
  const sorted = [...found].sort((a, b) => (a.version === 'v1' ? 1 : 0) - (b.version === 'v1' ? 1 : 0));
  return new Map(sorted.map((kind) => [kind.kind, kind]));
}

const sameKinds = (a: ReadonlyMap<string, Kind<any>>, b: ReadonlyMap<string, Kind<any>>): boolean =>
  a.size === b.size && [...a].every(([name, kind]) => b.get(name) === kind);

const byAge = <O extends ApiObject>(objects: readonly O[]): readonly O[] =>
  objects.filter(({ metadata }) => !metadata.deletionTimestamp).sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1));
const rankOf = (object: ApiObject): string => `${object.metadata.creationTimestamp ?? ''} ${keyOf(object)}`;
