import type { Clock, Logger, MetricFamily, Metrics, Random } from '@navarch/base';
import type { Api, CacheReader, Recorder } from '@navarch/client';
import { type ApiObject, controllerOf, type Key, keyIn, keyOf, type Kind } from '@navarch/machinery';
import type { Count } from './shared/measure.ts';

/** `current` is undefined when the object is gone, `previous` when it is new. */
export interface Change<O extends ApiObject = ApiObject> {
  readonly current: O | undefined;
  readonly previous: O | undefined;
}

/** One input of a controller: which keys to look at again when an object of this kind changes. */
export interface Watch<O extends ApiObject = any> {
  readonly kind: Kind<O>;
  keys(change: Change<O>, cache: CacheReader): Iterable<Key>;
  /** Counts changes themselves, whatever comes of them. */
  count?(change: Change<O>, metrics: Metrics): void;
}

/** What a controller may use. */
export interface Context {
  /** Writes through it are remembered, so that the key is not looked at again before the cache shows them. */
  readonly api: Api;
  /** Holds the kinds that the controller watches and reads, and no other. */
  readonly cache: CacheReader;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: Recorder;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

/** Nothing: done until an input changes. `requeueAfterMs`: look again then. A thrown error: retried with back-off. */
export type Outcome = undefined | { readonly requeueAfterMs: number };

export interface Controller {
  readonly name: string;
  /** Upstream's controller that this is a part of: they are chosen together. */
  readonly partOf?: string;
  /** The component that events name; the controller's name when absent. */
  readonly eventSource?: string;
  /** What metrics call its queue, where upstream does not call it by the controller's name. */
  readonly queueName?: string;
  readonly watches: readonly Watch[];
  /** Kinds that are read but wake nothing. */
  readonly reads?: readonly Kind<any>[];
  /** Keys to look at once at the start: for a controller that looks at everything from time to time. */
  readonly initialKeys?: readonly Key[];
  /** Keys looked at side by side. Default 5. */
  readonly workers?: number;
  /** Counted for every half minute that it waits for its copy of what it reads. */
  readonly unsynced?: Count;
  /** Counted where a key is not looked at yet, since the cache does not show what was written for it. */
  readonly stale?: Count;
  /** What can be told by looking at the cache when somebody reads metrics; it costs nothing before. */
  gauges?(cache: CacheReader): Iterable<MetricFamily>;
  /** Makes the world as `key` wants it, from what is, not from what happened. May be stopped and begun again at any point. */
  reconcile(key: Key, context: Context): Promise<Outcome>;
}

export const defineController = (controller: Controller): Controller => Object.freeze(controller);

/** Whatever happens to an object wakes its own key. */
export const self = <O extends ApiObject>(
  kind: Kind<O>,
  matters: (change: Change<O>) => boolean = () => true,
): Watch<O> => ({
  kind,
  keys: (change) => (matters(change) ? [keyOf((change.current ?? change.previous) as O)] : NOBODY),
});

export interface Owned<Dependent extends ApiObject, Owner extends ApiObject> {
  readonly dependent: Kind<Dependent>;
  readonly owner: Kind<Owner>;
  /** Whether the owner would take this dependent if nobody has it. */
  adopts(owner: Owner, orphan: Dependent): boolean;
  /** Whether a dependent became another one to its owner. Absent: every change is of interest. */
  matters?(current: Dependent, previous: Dependent): boolean;
}

/** Changes of a dependent wake its owner, before and after; changes of an orphan wake whoever could adopt it. */
export function owned<Dependent extends ApiObject, Owner extends ApiObject>({
  dependent,
  owner,
  adopts,
  matters,
}: Owned<Dependent, Owner>): Watch<Dependent> {
  return {
    kind: dependent,
    keys({ current, previous }, cache) {
      if (current && previous && matters?.(current, previous) === false) return NOBODY;
      const now = current && controllerKey(current, owner);
      const before = previous && controllerKey(previous, owner);
      const owners = keysOf(now, before);
      if (!current || controllerOf(current)) return owners;
      const adopters = cache.list(owner, current.metadata.namespace).filter((candidate) => adopts(candidate, current));
      return [...owners, ...adopters.map(keyOf)];
    },
  };
}

/** What wakes nobody, as most changes do: no list is made for it. */
export const NOBODY: readonly Key[] = [];

function keysOf(now: Key | undefined, before: Key | undefined): readonly Key[] {
  if (now === undefined) return before === undefined ? NOBODY : [before];
  return before === undefined || before === now ? [now] : [now, before];
}

/** The key of the managing controller, where that is of this kind. */
export function controllerKey(object: ApiObject, owner: Kind<any>): Key | undefined {
  const reference = controllerOf(object);
  if (reference?.kind !== owner.kind || !isOfGroup(reference.apiVersion, owner.group)) return undefined;
  return keyIn(object.metadata.namespace, reference.name);
}

/** Asked of every pod by every controller of pods: nothing is cut out of the version for it. */
const isOfGroup = (apiVersion: string, group: string): boolean =>
  group === '' ? !apiVersion.includes('/') : apiVersion.startsWith(group) && apiVersion[group.length] === '/';

export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
