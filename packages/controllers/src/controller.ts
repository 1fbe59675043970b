import type { Clock, Logger, Random } from '@navarch/base';
import type { Api, Cache, Index, Recorder } from '@navarch/client';
import { type ApiObject, controllerOf, type Key, keyOf, type Kind } from '@navarch/machinery';

/** One input of a controller: which keys to look at again when an object of this kind changes. */
export interface Watch {
  readonly kind: Kind<any>;
  keys(object: ApiObject, cache: Cache): Iterable<Key>;
}

export interface Context {
  /** Writes through it are remembered: the key is not reconciled again before the cache has seen them. */
  readonly api: Api;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly recorder: Recorder;
  /** Every kind that is served: for controllers that care for objects of any kind. */
  readonly kinds: readonly Kind<any>[];
  readonly settings: Settings;
  readonly signal: AbortSignal;
}

/** What a cluster's operator decides for the controllers. */
export interface Settings {
  /** PEM of the authority that pods trust. */
  readonly rootCertificate: string;
  /** IPv4 CIDR from which every node gets a part. */
  readonly clusterCidr: string;
  /** Prefix length of a node's part. */
  readonly nodeMaskSize: number;
  /** How long a silent node counts as well, milliseconds. */
  readonly nodeGraceMs: number;
}

/** Nothing: done until an input changes. `requeueAfterMs`: look again then. A thrown error: retried with back-off. */
export type Outcome = void | { readonly requeueAfterMs: number };

/** A reconciliation loop as a value: what it watches, and how it brings one object to where it should be. */
export interface Controller {
  readonly name: string;
  readonly watches: readonly Watch[];
  readonly indexes?: readonly DeclaredIndex[];
  readonly workers?: number;
  /** Reconciles from what is, not from what happened; may be called again after a crash at any point. */
  reconcile(key: Key, context: Context): Promise<Outcome>;
}

export interface DeclaredIndex {
  readonly kind: Kind<any>;
  readonly index: Index<any>;
}

export const defineController = (controller: Controller): Controller => Object.freeze(controller);

export const self = (kind: Kind<any>): Watch => ({ kind, keys: (object) => [keyOf(object)] });

/** A kind whose changes wake nothing by themselves, but which the controller reads from the cache. */
export const reads = (kind: Kind<any>): Watch => ({ kind, keys: () => [] });

/** Changes of a dependent wake its owner; changes of an orphan wake whoever could adopt it. */
export function owned<Owner extends ApiObject>(
  dependent: Kind<any>, owner: Kind<Owner>, couldAdopt: (owner: Owner, orphan: ApiObject) => boolean,
): Watch {
  return {
    kind: dependent,
    keys(object, cache) {
      const reference = controllerOf(object);
      const namespace = object.metadata.namespace ?? '';
      if (reference) return reference.kind === owner.kind ? [`${namespace}/${reference.name}`] : [];
      return [...cache.in(owner, namespace)].filter((o) => couldAdopt(o, object)).map(keyOf);
    },
  };
}

/** Finds dependents by the uid of their controller. */
export const byController: Index<ApiObject> = {
  name: 'controller',
  values(object) {
    const uid = controllerOf(object)?.uid;
    return uid === undefined ? [] : [uid];
  },
};
