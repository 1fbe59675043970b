import { service, type Service, serviceAddresses } from '@navarch/api';
import type { ApiObject } from '@navarch/machinery';
import type { CachedEvent } from '@navarch/store';
import type { Registry } from '../registry/registry.ts';

/** Which service has which addresses and ports: the stored ones, and those whose writes are under way. */
export class Holdings {
  /** By what is held, the uids of the services that do: more than one only in clusters that had no such check. */
  readonly #stored = new Map<string, Set<string>>();
  readonly #pending = new Map<string, string>();
  readonly #pendingOf = new Map<string, Set<string>>();

  /** Reads what is stored and follows it from then on. Returns how to stop. */
  follow(registry: Registry): () => void {
    const { cache } = registry.of(service).shelf;
    for (const { object } of cache.range(cache.prefix)) this.#add(object);
    return cache.follow(cache.revision, (events) => this.#apply(events));
  }

  isTakenFrom(uid: string, what: string): boolean {
    const pending = this.#pending.get(what);
    if (pending !== undefined && pending !== uid) return true;
    for (const holder of this.#stored.get(what) ?? []) if (holder !== uid) return true;
    return false;
  }

  /** Keeps others from it until the write of this service is over. */
  hold(uid: string, what: string): void {
    this.#pending.set(what, uid);
    const held = this.#pendingOf.get(uid);
    if (held) held.add(what);
    else this.#pendingOf.set(uid, new Set([what]));
  }

  settled(uid: string): void {
    for (const what of this.#pendingOf.get(uid) ?? []) this.#pending.delete(what);
    this.#pendingOf.delete(uid);
  }

  #apply(events: readonly CachedEvent<ApiObject>[]): void {
    for (const { current, previous } of events) {
      if (previous) this.#drop(previous.object);
      if (current) this.#add(current.object);
    }
  }

  #add(object: ApiObject): void {
    for (const what of heldBy(object as Service)) {
      const holders = this.#stored.get(what);
      if (holders) holders.add(object.metadata.uid);
      else this.#stored.set(what, new Set([object.metadata.uid]));
    }
  }

  #drop(object: ApiObject): void {
    for (const what of heldBy(object as Service)) {
      const holders = this.#stored.get(what);
      holders?.delete(object.metadata.uid);
      if (holders?.size === 0) this.#stored.delete(what);
    }
  }
}

/** A port of nodes is one service's, for all protocols. */
export const portName = (port: number): string => `port/${port}`;

function heldBy(held: Service): readonly string[] {
  const { ports = [], healthCheckNodePort } = held.spec;
  return [
    ...serviceAddresses(held),
    ...[...ports.map(({ nodePort }) => nodePort), healthCheckNodePort].flatMap((port) =>
      port ? [portName(port)] : [],
    ),
  ];
}
