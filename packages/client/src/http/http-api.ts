import type { Clock } from '@navarch/base';
import {
  type ApiObject,
  apiVersionOf,
  type Draft,
  failure,
  hasReason,
  type Key,
  type Kind,
  readJson,
  type Reason,
  splitKey,
  type Status,
  StatusError,
  writeJson,
} from '@navarch/machinery';
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
} from '../api.ts';
import { type HttpRequest, type HttpResponse, type HttpTransport, linesOf, readText } from './transport.ts';

export interface HttpApiDeps {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly userAgent: string;
}

/** Tries of a request that the server asks to send again later (429 and 503 with Retry-After). */
const TRIES_MAX = 10;
/** Times `update` begins again when others are faster. */
const CONFLICTS_MAX = 10;
/** A single object in a watch; the server takes none larger than 3 MB. */
const EVENT_BYTES_MAX = 16 * 1024 * 1024;
/** Pages of a list that is asked for as a whole: one answer of everything would hold the server and us up. */
const PAGE_SIZE = 5000;

/** The client port over HTTP. Requests end when `signal` aborts, also those that the port gives no signal for. */
export const httpApi = (deps: HttpApiDeps, signal: AbortSignal): Api => ({
  of: (kind) => new HttpKindApi(kind, deps, signal),
});

const PATCH_TYPES: Readonly<Record<Patch['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

class HttpKindApi<O extends ApiObject> implements KindApi<O> {
  readonly #kind: Kind<O>;
  readonly #deps: HttpApiDeps;
  readonly #signal: AbortSignal;

  constructor(kind: Kind<O>, deps: HttpApiDeps, signal: AbortSignal) {
    this.#kind = kind;
    this.#deps = deps;
    this.#signal = signal;
  }

  get(key: Key): Promise<O> {
    return this.#call<O>('GET', this.#objectPath(key));
  }

  async list(options: ListOptions = {}): Promise<ObjectList<O>> {
    if (options.limit !== undefined || options.continue !== undefined) return this.#page(options);
    for (;;) {
      try {
        return await this.#whole(options);
      } catch (error) {
        // The snapshot that the pages are of was compacted on the way: read anew.
        if (!hasReason(error, 'Expired')) throw error;
      }
    }
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<readonly WatchEvent<O>[]> {
    const { namespace, labelSelector, fieldSelector, after } = options;
    const query = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: after, labelSelector, fieldSelector };
    const either = AbortSignal.any([this.#signal, signal]);
    const request = this.#request('GET', this.#collectionPath(namespace) + queryOf(query), undefined, undefined);
    const response = await this.#deps.transport.send({ ...request, isStream: true }, either);
    if (response.status !== 200) throw await refusal(response);
    try {
      for await (const lines of linesOf(response.body, EVENT_BYTES_MAX))
        yield lines.filter((line) => line !== '').map((line) => this.#event(line));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  create(input: Draft<O>, options: WriteOptions = {}): Promise<O> {
    const namespace = (input.metadata as { readonly namespace?: string } | undefined)?.namespace;
    return this.#call<O>('POST', this.#collectionPath(namespace) + writeQuery(options), this.#named(input));
  }

  replace(object: O, options: PartOptions = {}): Promise<O> {
    const { namespace = '', name } = object.metadata;
    return this.#call<O>(
      'PUT',
      this.#objectPath(namespace ? `${namespace}/${name}` : name, options.subresource) + writeQuery(options),
      this.#named(object),
    );
  }

  async update(key: Key, change: (current: O) => O, options: PartOptions = {}): Promise<O> {
    for (let attempt = 1; ; attempt++) {
      const current = await this.get(key);
      const next = change(current);
      if (next === current) return current;
      try {
        return await this.replace(
          { ...next, metadata: { ...next.metadata, resourceVersion: current.metadata.resourceVersion } },
          options,
        );
      } catch (error) {
        if (!hasReason(error, 'Conflict') || attempt >= CONFLICTS_MAX) throw error;
      }
    }
  }

  patch(key: Key, patch: Patch, options: PartOptions = {}): Promise<O> {
    const apply =
      patch.type === 'apply' ? { fieldManager: patch.fieldManager, ...(patch.force ? { force: 'true' } : {}) } : {};
    const path = this.#objectPath(key, options.subresource) + writeQuery(options, apply);
    return this.#call<O>('PATCH', path, patch.body, PATCH_TYPES[patch.type]);
  }

  async delete(key: Key, options: DeleteOptions = {}): Promise<void> {
    await this.#call('DELETE', this.#objectPath(key), deleteBody(options));
  }

  async deleteCollection(options: ListOptions & DeleteOptions): Promise<void> {
    const { labelSelector, fieldSelector, namespace } = options;
    await this.#call(
      'DELETE',
      this.#collectionPath(namespace) + queryOf({ labelSelector, fieldSelector }),
      deleteBody(options),
    );
  }

  post(key: Key, subresource: string, body: unknown, options: WriteOptions = {}): Promise<unknown> {
    return this.#call<unknown>('POST', this.#objectPath(key, subresource) + writeQuery(options), body);
  }

  async #whole(options: ListOptions): Promise<ObjectList<O>> {
    const first = await this.#page({ ...options, limit: PAGE_SIZE });
    const items = [...first.items];
    for (let next = first.continue; next !== undefined;) {
      const page = await this.#page({ ...options, limit: PAGE_SIZE, continue: next });
      items.push(...page.items);
      next = page.continue;
    }
    return { resourceVersion: first.resourceVersion, items };
  }

  async #page({ namespace, ...query }: ListOptions): Promise<ObjectList<O>> {
    const { limit, resourceVersion, ...rest } = query;
    const from = rest.continue ? {} : { resourceVersion };
    const list = await this.#call<ListBody<O>>(
      'GET',
      this.#collectionPath(namespace) +
        queryOf({ ...rest, ...from, limit: limit === undefined ? undefined : String(limit) }),
    );
    // Items of a list carry no kind and version of their own: the list says it for all of them.
    const type = { apiVersion: apiVersionOf(this.#kind), kind: this.#kind.kind };
    return {
      resourceVersion: list.metadata.resourceVersion,
      items: (list.items ?? []).map((item) => ({ ...type, ...item })),
      ...(list.metadata.continue ? { continue: list.metadata.continue } : {}),
    };
  }

  #event(line: string): WatchEvent<O> {
    const { type, object } = readJson(line) as { readonly type: string; readonly object: O };
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
        return { type, object };
      case 'BOOKMARK':
        return { type, resourceVersion: object.metadata.resourceVersion };
      default:
        throw new StatusError(object as unknown as Status);
    }
  }

  #named(object: unknown): unknown {
    return { ...(object as object), apiVersion: apiVersionOf(this.#kind), kind: this.#kind.kind };
  }

  #collectionPath(namespace: string | undefined): string {
    const { group, version, plural, namespaced } = this.#kind;
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
    return namespaced && namespace
      ? `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`
      : `${root}/${plural}`;
  }

  #objectPath(key: Key, subresource?: string): string {
    const { namespace, name } = splitKey(key);
    return `${this.#collectionPath(namespace)}/${encodeURIComponent(name)}${subresource ? `/${subresource}` : ''}`;
  }

  #request(method: HttpRequest['method'], path: string, body: unknown, contentType: string | undefined): HttpRequest {
    const headers = { accept: 'application/json', 'user-agent': this.#deps.userAgent };
    if (body === undefined) return { method, path, headers };
    return {
      method,
      path,
      headers: { ...headers, 'content-type': contentType ?? 'application/json' },
      body: new TextEncoder().encode(writeJson(body)),
    };
  }

  async #call<T>(method: HttpRequest['method'], path: string, body?: unknown, contentType?: string): Promise<T> {
    const request = this.#request(method, path, body, contentType);
    for (let tries = 1; ; tries++) {
      const response = await this.#deps.transport.send(request, this.#signal);
      if (response.status < 300) return readJson(await readText(response.body)) as T;
      const error = await refusal(response);
      const after = Number(response.headers['retry-after']);
      if ((response.status !== 429 && response.status !== 503) || !(after >= 0) || tries >= TRIES_MAX) throw error;
      await this.#deps.clock.sleep(after * 1000, this.#signal);
    }
  }
}

interface ListBody<O> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly O[] | null;
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== '') query.set(name, value);
  const text = query.toString();
  return text ? `?${text}` : '';
}

const writeQuery = ({ dryRun, fieldManager }: WriteOptions, more: Readonly<Record<string, string>> = {}): string =>
  queryOf({ dryRun: dryRun ? 'All' : undefined, fieldManager, ...more });

const deleteBody = ({ gracePeriodSeconds, propagationPolicy, preconditions, dryRun }: DeleteOptions): unknown => ({
  apiVersion: 'v1',
  kind: 'DeleteOptions',
  ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  ...(propagationPolicy ? { propagationPolicy } : {}),
  ...(preconditions ? { preconditions } : {}),
  ...(dryRun ? { dryRun: ['All'] } : {}),
});

const REASONS: Readonly<Record<number, Reason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The Status in the answer, or one made from the code where a proxy answered in its own words. */
async function refusal(response: HttpResponse): Promise<StatusError> {
  const text = await readText(response.body);
  try {
    const status = JSON.parse(text) as Status;
    if (status.kind === 'Status') return new StatusError(status);
  } catch {
    // Not JSON: said in plain text below.
  }
  return failure(
    REASONS[response.status] ?? 'InternalError',
    `the server answered ${response.status}: ${text.slice(0, 500)}`,
  );
}
