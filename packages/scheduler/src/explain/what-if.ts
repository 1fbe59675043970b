import { isTerminal, type Node, node as nodeKind, type Pod, pod as podKind } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { type ApiObject, type Key, keyOf, type Kind } from '@navarch/machinery';
import { objectChanged } from '../object-changed.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { drained, type Steps } from './steps.ts';

const PODS_AT_ONCE = 1000;

/** One thing that would be otherwise. */
export type Effect =
  | {
      readonly type: 'pod';
      readonly spec: (spec: Pod['spec']) => Pod['spec'];
      /** What others would say of the pod then. */
      readonly status?: (status: Pod['status']) => Pod['status'];
    }
  | { readonly type: 'node'; readonly node: (node: Node) => Node; readonly name: string }
  | { readonly type: 'gone'; readonly pod: Pod }
  | {
      readonly type: 'object';
      readonly kind: Kind<any>;
      readonly object: ApiObject;
      /** The API takes this change; else it has to be made anew. */
      readonly isInPlace?: boolean;
    }
  /** That object is not there any more. */
  | { readonly type: 'away'; readonly kind: Kind<any>; readonly object: ApiObject };

/** A cluster to think with: it may be supposed that things are otherwise, and then it is again as it was. */
export class WhatIf {
  readonly snapshot: Snapshot;
  readonly #overlay: Overlay;

  private constructor(objects: CacheReader) {
    this.#overlay = new Overlay(objects);
    this.snapshot = new Snapshot(this.#overlay);
  }

  static of(objects: CacheReader): WhatIf {
    return drained(WhatIf.filling(objects));
  }

  /** The same, a part at a time: it takes a second of a large cluster. */
  static *filling(objects: CacheReader): Steps<WhatIf> {
    const whatIf = new WhatIf(objects);
    const { snapshot } = whatIf;
    for (const node of objects.list(nodeKind)) snapshot.setNode(node);
    let count = 0;
    for (const pod of objects.list(podKind)) {
      whatIf.#put(pod);
      if (++count % PODS_AT_ONCE === 0) yield;
    }
    return whatIf;
  }

  /** What is so besides, asked of the pod as it would be. Everything is as before when it returns. */
  with<T>(effects: readonly Effect[], pod: Pod, look: (pod: Pod) => T): T {
    const undo: (() => void)[] = [];
    try {
      let then = pod;
      for (const effect of effects) {
        if (effect.type === 'pod')
          then = { ...then, spec: effect.spec(then.spec), status: effect.status?.(then.status) ?? then.status };
        else undo.push(this.#suppose(effect));
      }
      return look(then);
    } finally {
      for (const back of undo.reverse()) back();
    }
  }

  #put(pod: Pod): void {
    if (isTerminal(pod)) return;
    if (pod.spec.nodeName) this.snapshot.place(pod, pod.spec.nodeName);
    else if (pod.status.nominatedNodeName) this.snapshot.nominate(pod, pod.status.nominatedNodeName);
  }

  #has(pod: Pod): boolean {
    const { nodeName } = pod.spec;
    if (nodeName) return this.snapshot.node(nodeName)?.pods.has(keyOf(pod)) ?? false;
    return [...this.snapshot.nominatedOn(pod.status.nominatedNodeName ?? '')].some(
      (placed) => keyOf(placed.pod) === keyOf(pod),
    );
  }

  #suppose(effect: Exclude<Effect, { readonly type: 'pod' }>): () => void {
    const { snapshot } = this;
    switch (effect.type) {
      case 'node': {
        const before = snapshot.node(effect.name)?.node;
        if (!before) return () => undefined;
        snapshot.setNode(effect.node(before));
        return () => snapshot.setNode(before);
      }
      case 'gone':
        // Who is gone already, by another supposition, does not come back with this one.
        if (!this.#has(effect.pod)) return () => undefined;
        snapshot.unplace(effect.pod);
        snapshot.unnominate(keyOf(effect.pod));
        return () => this.#put(effect.pod);
      case 'object':
        return this.#putObject(effect.kind, keyOf(effect.object), effect.object);
      case 'away':
        return this.#putObject(effect.kind, keyOf(effect.object), undefined);
    }
  }

  #putObject(kind: Kind<any>, key: Key, object: ApiObject | undefined): () => void {
    const before = this.#overlay.get<ApiObject>(kind, key);
    const undo = this.#overlay.put(kind, key, object);
    objectChanged(kind, this.snapshot, object, before);
    return () => {
      undo();
      objectChanged(kind, this.snapshot, before, object);
    };
  }
}

/** Objects as they are, but for those that are supposed to be otherwise. */
class Overlay implements CacheReader {
  readonly #base: CacheReader;
  readonly #supposed = new Map<Kind<any>, Map<Key, ApiObject | undefined>>();

  constructor(base: CacheReader) {
    this.#base = base;
  }

  /** undefined: it is not there. */
  put(kind: Kind<any>, key: Key, object: ApiObject | undefined): () => void {
    const held = this.#supposed.get(kind) ?? new Map<Key, ApiObject | undefined>();
    this.#supposed.set(kind, held);
    const [wasSupposed, before] = [held.has(key), held.get(key)];
    held.set(key, object);
    return () => void (wasSupposed ? held.set(key, before) : held.delete(key));
  }

  get<O extends ApiObject>(kind: Kind<O>, key: Key): O | undefined {
    const held = this.#supposed.get(kind);
    return held?.has(key) ? (held.get(key) as O | undefined) : this.#base.get(kind, key);
  }

  list<O extends ApiObject>(kind: Kind<O>, namespace?: string): readonly O[] {
    const all = this.#base.list(kind, namespace);
    const held = this.#supposed.get(kind) as ReadonlyMap<Key, O | undefined> | undefined;
    if (!held || held.size === 0) return all;
    const supposed = [...held.values()].filter(
      (object) => object !== undefined && (namespace === undefined || object.metadata.namespace === namespace),
    ) as readonly O[];
    return [...all.filter((object) => !held.has(keyOf(object))), ...supposed];
  }

  find: CacheReader['find'] = (kind, index, value) => this.#base.find(kind, index, value);

  hasSeen(kind: Kind<any>, resourceVersion: string): boolean {
    return this.#base.hasSeen(kind, resourceVersion);
  }
}
