import type {
  Api,
  DeleteOptions,
  KindApi,
  ListOptions,
  ObjectList,
  PartOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '@navarch/client';
import { Notifier } from '@navarch/base';
import {
  type ApiObject,
  apiVersionOf,
  type Draft,
  expired,
  type Key,
  keyIn,
  type Kind,
  mergePatch,
  splitKey,
} from '@navarch/machinery';
import { type CachedEvent, CompactedError } from '@navarch/store';
import { attributesOf } from './auth/attributes.ts';
import type { User } from './auth/user.ts';
import { deleteCollection } from './registry/deletion.ts';
import { type ListRequest, page, seenAs } from './registry/reading.ts';
import type { Call } from './registry/call.ts';
import type { Resource } from './registry/resource.ts';
import { selectionOf } from './registry/selection.ts';
import type { RequestInfo } from './request-info.ts';
import { computedItems, computedObject } from './resource-metrics/computed.ts';
import type { Server } from './server.ts';
import { scaleIn, writeScale } from './subresources/scale.ts';

/** Events a watcher in the process may have waiting; one that is further behind must list again. */
const WATCH_QUEUE_MAX = 100_000;

/**
 * The client port without a wire: the same user, authorization and admission as over HTTP, and the server's own
 * shared objects instead of JSON.
 */
export const directApi = (server: Server, user: User): Api => ({ of: (kind) => new DirectKindApi(server, user, kind) });

class DirectKindApi<O extends ApiObject> implements KindApi<O> {
  readonly #server: Server;
  readonly #user: User;
  readonly #kind: Kind<O>;

  constructor(server: Server, user: User, kind: Kind<O>) {
    this.#server = server;
    this.#user = user;
    this.#kind = kind;
  }

  /** Asked for each time: custom resources come and go. */
  get #resource(): Resource<O> {
    return this.#server.registry.of(this.#kind);
  }

  async get(key: Key): Promise<O> {
    const computed = this.#server.computed(this.#kind);
    if (computed) {
      const { namespace, name } = splitKey(key);
      this.#server.authorize(this.#user, this.#infoOf(this.#kind, 'get', key, ''));
      await computed.refresh?.();
      return computedObject(computed, namespace, name) as O;
    }
    const { namespace, name } = this.#allow('get', key);
    const { shelf } = this.#resource;
    if (shelf.isLate) await shelf.ready([this.#resource.cached(namespace, name)]);
    return this.#resource.get(namespace, name);
  }

  async list(options: ListOptions = {}): Promise<ObjectList<O>> {
    const computed = this.#server.computed(this.#kind);
    if (computed) {
      const { namespace = '' } = options;
      this.#server.authorize(
        this.#user,
        attributesOf({ ...this.#infoOf(this.#kind, 'list', '', ''), namespace }, new URLSearchParams()),
      );
      await computed.refresh?.();
      return { resourceVersion: '', items: computedItems(computed, { ...options, namespace }) as readonly O[] };
    }
    this.#allowIn('list', options.namespace ?? '', options.fieldSelector);
    const found = await page(this.#resource, listRequest(options));
    return {
      resourceVersion: String(found.revision),
      items: found.objects.map((cached) => this.#resource.view(cached.object)),
      ...(found.continue ? { continue: found.continue } : {}),
    };
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<readonly WatchEvent<O>[]> {
    this.#allowIn('watch', options.namespace ?? '', options.fieldSelector);
    const resource = this.#resource;
    const selection = selectionOf(resource.kind, options.labelSelector ?? '', options.fieldSelector ?? '');
    const prefix = resource.shelf.prefixOf(options.namespace ?? '');
    const arrived = new Notifier();
    let waiting: WatchEvent<O>[] = [];
    let isOverrun = false;
    let late: CachedEvent<ApiObject>[] = [];
    const take = (events: readonly CachedEvent<ApiObject>[]): void => {
      for (const event of events) {
        const type = seenAs(event, selection, prefix);
        if (type) waiting.push({ type, object: this.#shown(event) });
      }
    };
    const stop = this.#follow(Number(options.after), (events) => {
      if (resource.shelf.isLate) late.push(...events);
      else take(events);
      isOverrun ||= waiting.length + late.length > WATCH_QUEUE_MAX;
      arrived.notify();
    });
    try {
      while (!signal.aborted) {
        if (isOverrun) throw expired('the watcher is too far behind');
        if (waiting.length === 0 && late.length === 0) await arrived.wait(signal).catch(() => undefined);
        const converting = late;
        late = [];
        await resource.shelf.ready(
          converting.flatMap(({ current, previous }) => [current, previous].filter((held) => held !== undefined)),
        );
        take(converting);
        const batch = waiting;
        waiting = [];
        if (batch.length > 0) yield batch;
      }
    } finally {
      stop();
    }
  }

  async create(input: Draft<O>, options: WriteOptions = {}): Promise<O> {
    const namespace = (input.metadata as { namespace?: string } | undefined)?.namespace ?? '';
    // Nothing narrows a creation: there is no query to read.
    this.#server.authorize(this.#user, { ...this.#info('create', '', ''), namespace });
    return this.#resource.create(namespace, this.#named(input), this.#call(options));
  }

  async replace(object: O, options: PartOptions = {}): Promise<O> {
    const { namespace = '', name } = object.metadata;
    this.#allow('update', keyIn(namespace, name), options.subresource);
    return this.#resource.replace(
      namespace,
      name,
      this.#named(object),
      this.#callFor(keyIn(namespace, name), options),
      options.subresource,
    );
  }

  /** Callers in the process may leave out of which kind an object is: the API that they ask is of one. */
  #named<T extends object>(object: T): T {
    const { kind } = this.#resource;
    return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
  }

  async update(key: Key, change: (current: O) => O, options: PartOptions = {}): Promise<O> {
    const { namespace, name } = this.#allow('update', key, options.subresource);
    // The version read is not insisted on: the change is made again on a newer object.
    const unversioned = (current: O): O => {
      const next = change(current);
      const { resourceVersion } = current.metadata;
      return next === current ? current : { ...next, metadata: { ...next.metadata, resourceVersion } };
    };
    return this.#resource.update(namespace, name, unversioned, this.#call(options), options.subresource);
  }

  async patch(key: Key, patch: Patch, options: PartOptions = {}): Promise<O> {
    const { namespace, name } = this.#allow('patch', key, options.subresource);
    if (patch.type === 'apply') {
      const request = { config: patch.body, manager: patch.fieldManager, force: patch.force ?? false };
      return (await this.#resource.apply(namespace, name, request, this.#callFor(key, options), options.subresource))
        .object;
    }
    // The answer is a Scale, as over HTTP.
    if (options.subresource === 'scale')
      return (await writeScale(
        this.#resource,
        { namespace, name, change: (current) => scaleIn(mergePatch(current, patch.body)) },
        this.#call(options),
      )) as O;
    return this.#resource.patch(namespace, name, patch.type, patch.body, this.#call(options), options.subresource);
  }

  async delete(key: Key, options: DeleteOptions = {}): Promise<void> {
    const { namespace, name } = this.#allow('delete', key);
    await this.#resource.delete(namespace, name, options, this.#call(options));
  }

  async deleteCollection(options: ListOptions & DeleteOptions): Promise<void> {
    this.#allowIn('deletecollection', options.namespace ?? '', options.fieldSelector);
    await deleteCollection(this.#resource, listRequest(options), options, this.#call(options));
  }

  async post(key: Key, subresource: string, body: unknown): Promise<unknown> {
    const { kind } = this.#resource;
    const info = this.#info('create', key, subresource);
    this.#server.authorize(this.#user, info);
    return this.#server.post({ ...info, group: kind.group, version: kind.version }, body, this.#user);
  }

  #follow(after: number, listener: (events: readonly CachedEvent<ApiObject>[]) => void): () => void {
    try {
      return this.#resource.shelf.cache.follow(after, listener);
    } catch (error) {
      if (error instanceof CompactedError) throw expired(`too old resource version: ${after} (${error.compacted})`);
      throw error;
    }
  }

  #shown(event: CachedEvent<ApiObject>): O {
    if (event.current) return this.#resource.view(event.current.object);
    const object = event.previous?.object as ApiObject;
    return this.#resource.view({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(event.revision) },
    });
  }

  #call(options: WriteOptions): Call {
    return { user: this.#user, isDryRun: options.dryRun ?? false, fieldValidation: 'Ignore' };
  }

  #callFor(key: Key, options: WriteOptions): Call {
    return {
      ...this.#call(options),
      mayCreate: () => this.#server.authorize(this.#user, this.#info('create', key, '')),
    };
  }

  #allow(verb: string, key: Key, subresource = ''): { readonly namespace: string; readonly name: string } {
    this.#server.authorize(this.#user, this.#info(verb, key, subresource));
    return splitKey(key);
  }

  #allowIn(verb: string, namespace: string, fieldSelector = ''): void {
    this.#server.authorize(
      this.#user,
      attributesOf({ ...this.#info(verb, '', ''), namespace }, new URLSearchParams({ fieldSelector })),
    );
  }

  #info(verb: string, key: Key, subresource: string): RequestInfo {
    return this.#infoOf(this.#resource.kind, verb, key, subresource);
  }

  #infoOf({ group, version, plural }: Kind<any>, verb: string, key: Key, subresource: string): RequestInfo {
    return {
      isResource: true,
      path: '',
      verb,
      group,
      version,
      resource: plural,
      subresource,
      rest: '',
      isInNamespace: false,
      ...splitKey(key),
    };
  }
}

const listRequest = ({
  namespace = '',
  labelSelector = '',
  fieldSelector = '',
  limit,
  continue: token = '',
}: ListOptions): ListRequest => ({
  namespace,
  labelSelector,
  fieldSelector,
  limit,
  continue: token,
  resourceVersion: '',
  resourceVersionMatch: '',
});
