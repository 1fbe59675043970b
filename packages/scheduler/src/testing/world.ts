import { node as nodeKind, type Node, type Pod, pod as podKind } from '@navarch/api';
import { type Clock, MetricRegistry, Notifier, seededRandom, silent } from '@navarch/base';
import type { Api, Cache, Recorder } from '@navarch/client';
import { type ApiObject, failure, keyOf, type Kind } from '@navarch/machinery';
import { SimClock } from '@navarch/sim';
import type { Extender } from '../extenders/extender.ts';
import type { Profile } from '../plugin.ts';
import { defaultProfile } from '../profile.ts';
import { runScheduler } from '../scheduler.ts';

type Listener = (current: unknown, previous: unknown) => void;

/** A cluster that shows every write at once: bindings, statuses, deletions. What the scheduler says and does is in `log`. */
export class World implements AsyncDisposable {
  readonly clock = new SimClock();
  readonly metrics = new MetricRegistry();
  readonly pods = new Map<string, Pod>();
  readonly nodes = new Map<string, Node>();
  /** Objects of other kinds, by their key. */
  readonly others = new Map<Kind<any>, Map<string, ApiObject>>();
  readonly log: string[] = [];
  /** Thrown by the next binding, once. */
  failNextBinding: Error | undefined;
  /** Thrown by the next deletion, once. */
  failNextDeletion: Error | undefined;
  readonly #listeners = new Map<unknown, Listener>();
  readonly #moved = new Notifier();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    profiles: readonly Profile[] = [defaultProfile],
    extenders: (clock: Clock) => readonly Extender[] = () => [],
  ) {
    const deps = {
      api: this.#api(),
      cache: this.#cache(),
      clock: this.clock,
      random: seededRandom(1),
      log: silent,
      metrics: this.metrics,
      recorder: this.#recorder(),
      profiles,
      extenders: extenders(this.clock),
    };
    this.#running = runScheduler(deps, this.#stop.signal).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
  }

  /** As from a watch: every version is a new value through and through. */
  async show(pod: Pod): Promise<void> {
    this.put(pod);
    await this.settle();
  }

  async showOther(kind: Kind<any>, object: object): Promise<void> {
    const held = this.others.get(kind) ?? new Map<string, ApiObject>();
    this.others.set(kind, held);
    const key = keyOf(object as ApiObject);
    const previous = held.get(key);
    held.set(key, object as ApiObject);
    this.#listeners.get(kind)?.(object, previous);
    this.#moved.notify();
    await this.settle();
  }

  async showNode(node: Node): Promise<void> {
    this.putNode(node);
    await this.settle();
  }

  async remove(key: string): Promise<void> {
    this.#remove(key);
    await this.settle();
  }

  /** What was said and done since the last call. */
  said(): readonly string[] {
    return this.log.splice(0);
  }

  async settle(): Promise<void> {
    await this.clock.advance(0);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('Test over'));
    await this.#running;
  }

  /** As somebody else writes it in between. */
  put(pod: Pod): void {
    const current = structuredClone(pod);
    const previous = this.pods.get(keyOf(pod));
    this.pods.set(keyOf(pod), current);
    this.#listeners.get(podKind)?.(current, previous);
    this.#moved.notify();
  }

  putNode(node: Node): void {
    const previous = this.nodes.get(node.metadata.name);
    this.nodes.set(node.metadata.name, node);
    this.#listeners.get(nodeKind)?.(node, previous);
  }

  #remove(key: string): void {
    const pod = this.pods.get(key);
    this.pods.delete(key);
    this.#listeners.get(podKind)?.(undefined, pod);
  }

  #cache(): Cache {
    const all = (kind: Kind<any>): readonly object[] =>
      kind === nodeKind
        ? [...this.nodes.values()]
        : kind === podKind
          ? [...this.pods.values()]
          : [...(this.others.get(kind)?.values() ?? [])];
    return {
      follow: () => undefined,
      list: all,
      find: () => [],
      whenSynced: async () => undefined,
      get: (kind: Kind<any>, key: string) => (kind === podKind ? this.pods.get(key) : this.others.get(kind)?.get(key)),
      when: async (_kind: unknown, claim: () => boolean, signal: AbortSignal) => {
        while (!claim()) await this.#moved.wait(signal);
      },
      onChange: (kind: Kind<any>, listener: Listener) => {
        this.#listeners.set(kind, listener);
        for (const object of all(kind)) listener(object, undefined);
      },
    } as unknown as Cache;
  }

  #api(): Api {
    const held = (key: string): Pod => {
      const pod = this.pods.get(key);
      if (!pod) throw failure('NotFound', `pods ${key} not found`);
      return pod;
    };
    return {
      of: (kind: Kind<any>) => ({
        get: async (key: string) => held(key),
        update: async (key: string, change: (current: ApiObject) => ApiObject) => {
          const current = this.others.get(kind)?.get(key);
          if (!current) throw failure('NotFound', `${kind.plural} ${key} not found`);
          this.log.push(`update ${kind.plural} ${key}`);
          const next = change(current);
          this.others.get(kind)?.set(key, next);
          return next;
        },
        post: async (key: string, _part: string, { target }: { target: { name: string } }) => {
          const failed = this.failNextBinding;
          this.failNextBinding = undefined;
          if (failed) throw failed;
          this.log.push(`bind ${key} ${target.name}`);
          const pod = held(key);
          this.put({ ...pod, spec: { ...pod.spec, nodeName: target.name } });
        },
        patch: async (
          key: string,
          { body }: { body: { status: Pod['status'] & { nominatedNodeName?: string | null } } },
        ) => {
          const { conditions = [], nominatedNodeName } = body.status;
          const pod = held(key);
          const status = { ...pod.status, ...body.status } as { nominatedNodeName?: string | null };
          if (nominatedNodeName === null) delete status.nominatedNodeName;
          this.log.push(
            `status ${key} ${[...conditions.map(({ type, reason }) => `${type} ${reason}`), ...(nominatedNodeName === undefined ? [] : [`promised ${nominatedNodeName}`])].join(', ')}`,
          );
          this.put({ ...pod, status: status as Pod['status'] });
        },
        delete: async (key: string) => {
          const failed = this.failNextDeletion;
          this.failNextDeletion = undefined;
          if (failed) throw failed;
          this.log.push(`delete ${key}`);
          this.#remove(key);
        },
      }),
    } as unknown as Api;
  }

  #recorder(): Recorder {
    return { record: (_about, { reason, message }) => void this.log.push(`${reason} ${message}`) };
  }
}
