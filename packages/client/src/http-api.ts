import { type ApiObject, apiVersionOf, conflict, type Draft, failure, hasReason, type Key, type Kind, splitKey, type Status, StatusError } from '@navarch/machinery';
import type { Api, DeleteOptions, KindApi, ListOptions, ObjectList, PartOptions, Patch, WatchEvent, WatchOptions, WriteOptions } from './api.ts';

/** Sends one HTTP request. Rejects when there is no answer; an answer of any status resolves. */
export interface HttpTransport {
  request(request: HttpRequest, signal?: AbortSignal): Promise<{ readonly status: number; readonly body: string }>;
  /** The body as it comes, in pieces of any size. Rejects with StatusError when the server refuses. */
  stream(request: HttpRequest, signal: AbortSignal): AsyncIterable<string>;
}
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
}

const PATCH_TYPES = {
  json: 'application/json-patch+json', merge: 'application/merge-patch+json', strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;
const RETRIES_MAX = 10;
/** Pages of a list that is read whole. */
const PAGE_SIZE = 500;

/** The client port over HTTP. */
export const httpApi = (transport: HttpTransport): Api => ({ of: (kind) => new HttpKindApi(transport, kind) });

class HttpKindApi<O extends ApiObject> implements KindApi<O> {
  readonly #transport: HttpTransport;
  readonly #kind: Kind<O>;

  constructor(transport: HttpTransport, kind: Kind<O>) {
    this.#transport = transport;
    this.#kind = kind;
  }

  get(key: Key): Promise<O> {
    return this.#send('GET', this.#path(key));
  }

  async list(options: ListOptions = {}): Promise<ObjectList<O>> {
    const items: O[] = [];
    const typeMeta = { kind: this.#kind.kind, apiVersion: apiVersionOf(this.#kind) };
    let next = options.continue ?? '';
    for (;;) {
      const query = this.#query({ ...options, limit: options.limit ?? PAGE_SIZE, continue: next });
      const page = (await this.#send<unknown>('GET', this.#collection(options.namespace) + query)) as {
        readonly metadata: { readonly resourceVersion: string; readonly continue?: string }; readonly items: readonly O[];
      };
      for (const item of page.items) items.push({ ...typeMeta, ...item });
      next = page.metadata.continue ?? '';
      if (next === '' || options.limit !== undefined) {
        return { items, resourceVersion: page.metadata.resourceVersion, ...(next ? { continue: next } : {}) };
      }
    }
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<readonly WatchEvent<O>[]> {
    const query = this.#query({ ...options, resourceVersion: options.after, watch: 'true', allowWatchBookmarks: 'true' });
    let rest = '';
    for await (const text of this.#transport.stream({ method: 'GET', path: this.#collection(options.namespace) + query }, signal)) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      const events = lines.filter((line) => line !== '').map((line) => eventOf<O>(line));
      if (events.length > 0) yield events;
    }
  }

  create(input: Draft<O>, options: WriteOptions = {}): Promise<O> {
    const namespace = (input.metadata as { namespace?: string } | undefined)?.namespace;
    return this.#send('POST', this.#collection(namespace) + this.#query(written(options)), this.#whole(input));
  }

  replace(object: O, options: PartOptions = {}): Promise<O> {
    const { namespace, name } = object.metadata;
    return this.#send('PUT', this.#path(namespace ? `${namespace}/${name}` : name, options.subresource) + this.#query(written(options)), this.#whole(object));
  }

  async update(key: Key, change: (current: O) => O, options: PartOptions = {}): Promise<O> {
    for (let attempt = 0; ; attempt++) {
      const current = await this.get(key);
      const next = change(current);
      if (next === current) return current;
      try {
        return await this.replace(next, options);
      } catch (error) {
        if (!hasReason(error, 'Conflict')) throw error;
        if (attempt >= RETRIES_MAX) throw conflict(this.#kind, splitKey(key).name, 'others were faster every time');
      }
    }
  }

  patch(key: Key, patch: Patch, options: PartOptions = {}): Promise<O> {
    const query = { ...written(options), ...(patch.type === 'apply' ? { fieldManager: patch.fieldManager, ...(patch.force ? { force: 'true' } : {}) } : {}) };
    return this.#send('PATCH', this.#path(key, options.subresource) + this.#query(query), patch.body, PATCH_TYPES[patch.type]);
  }

  async delete(key: Key, options: DeleteOptions = {}): Promise<void> {
    await this.#send<unknown>('DELETE', this.#path(key), deletion(options));
  }

  async deleteCollection(options: ListOptions & DeleteOptions): Promise<void> {
    const { labelSelector, fieldSelector } = options;
    const query = this.#query({ ...(labelSelector ? { labelSelector } : {}), ...(fieldSelector ? { fieldSelector } : {}) });
    await this.#send<unknown>('DELETE', this.#collection(options.namespace) + query, deletion(options));
  }

  post(key: Key, subresource: string, body: unknown, options: WriteOptions = {}): Promise<unknown> {
    return this.#send('POST', this.#path(key, subresource) + this.#query(written(options)), body);
  }

  async #send<T = O>(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<T> {
    const answer = await this.#transport.request({ method, path, ...(body === undefined ? {} : { body: JSON.stringify(body), contentType }) });
    const value = parsed(answer.body);
    if (answer.status >= 400) throw statusError(value, answer);
    return value as T;
  }

  #whole(object: object): unknown {
    return { apiVersion: apiVersionOf(this.#kind), kind: this.#kind.kind, ...object };
  }

  #collection(namespace = ''): string {
    const { group, version, plural, namespaced } = this.#kind;
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
    return namespaced && namespace !== '' ? `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}` : `${root}/${plural}`;
  }

  #path(key: Key, subresource?: string): string {
    const { namespace, name } = splitKey(key);
    return `${this.#collection(namespace)}/${encodeURIComponent(name)}${subresource ? `/${subresource}` : ''}`;
  }

  #query(options: object): string {
    const query = new URLSearchParams();
    for (const name of QUERY_NAMES) {
      const value = (options as Readonly<Record<string, unknown>>)[name];
      if (value !== undefined && value !== '') query.set(name, String(value));
    }
    const text = query.toString();
    return text === '' ? '' : `?${text}`;
  }
}

const QUERY_NAMES = ['labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'watch', 'allowWatchBookmarks', 'dryRun', 'fieldManager', 'force'];

const written = ({ dryRun, fieldManager }: WriteOptions): object => ({ ...(dryRun ? { dryRun: 'All' } : {}), ...(fieldManager ? { fieldManager } : {}) });

const deletion = ({ gracePeriodSeconds, propagationPolicy, preconditions, dryRun }: DeleteOptions): object => ({
  kind: 'DeleteOptions', apiVersion: 'v1', ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  ...(propagationPolicy ? { propagationPolicy } : {}), ...(preconditions ? { preconditions } : {}), ...(dryRun ? { dryRun: ['All'] } : {}),
});

function eventOf<O extends ApiObject>(line: string): WatchEvent<O> {
  const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: unknown };
  if (type === 'ERROR') throw new StatusError(object as Status);
  if (type === 'BOOKMARK') return { type, resourceVersion: (object as ApiObject).metadata.resourceVersion };
  return { type: type as 'ADDED', object: object as O };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

export function statusError(value: unknown, answer: { readonly status: number; readonly body: string }): StatusError {
  const status = value as Status | undefined;
  if (status?.kind === 'Status') return new StatusError(status);
  return failure(answer.status === 404 ? 'NotFound' : 'InternalError', `the server answered ${answer.status}: ${answer.body.slice(0, 200)}`);
}
