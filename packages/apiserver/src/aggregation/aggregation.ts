import { apiService, type APIService, endpointSlice, service } from '@navarch/api';
import { type Clock, type Counter, type Gauge, type Logger, type Metrics, type Random, TaskGroup } from '@navarch/base';
import { WorkQueue } from '@navarch/client';
import { type ApiObject, equalJson, type Kind } from '@navarch/machinery';
import type { Cached, CachedEvent } from '@navarch/store';
import type { User } from '../auth/user.ts';
import { timestamp } from '../registry/meta.ts';
import type { Registry } from '../registry/registry.ts';
import { type ApiRequest, type ApiResponse, plain, type ProxyTarget } from '../request.ts';
import { availability, extensionServer, HTTPS, type Reference, type Verdict } from './availability.ts';
import { type ExtensionDocuments, readDocuments } from './extension-documents.ts';
import type { ExtensionServers } from './extension-servers.ts';
import { keepLocalServices } from './local-services.ts';
import { readExtension } from './read-extension.ts';
import { remoteHeaders } from './remote-user.ts';
import { serviceEndpoints } from '../service-endpoints.ts';

export interface AggregationDeps {
  readonly registry: Registry;
  readonly servers: ExtensionServers;
  /** Whether they are told the uid of who asks. */
  readonly tellsUid: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A group and version that an extension server serves. */
export interface ExtensionVersion extends Partial<ExtensionDocuments> {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
}

/** Of a service that cannot be reached. */
const NOWHERE: ProxyTarget = { scheme: 'https', host: '', port: 0, path: '', asKubeletClient: false };

/** Everything is checked this often: what is reachable changes without a word. */
const RESYNC_MS = 30_000;
/** APIServices that are checked at a time: one that does not answer must not hold the others up. */
const WORKERS = 4;

/**
 * The API aggregation layer: requests for groups and versions that an APIService gives to a service go on to that service,
 * under the name of whoever asked. Says in the APIServices whether they can be reached, and reads their documents.
 */
export class Aggregation {
  readonly #deps: AggregationDeps;
  readonly #queue: WorkQueue;
  readonly #documents = new Map<string, ExtensionDocuments>();
  #versions: readonly ExtensionVersion[] = [];
  readonly #unavailable: { readonly now: Gauge; readonly times: Counter };

  constructor(deps: AggregationDeps) {
    this.#deps = deps;
    this.#unavailable = {
      now: deps.metrics.gauge(
        'aggregator_unavailable_apiservice',
        '[ALPHA] Gauge of APIServices which are marked as unavailable broken down by APIService name.',
      ),
      times: deps.metrics.counter(
        'aggregator_unavailable_apiservice_total',
        '[ALPHA] Counter of APIServices which are marked as unavailable broken down by APIService name and reason.',
      ),
    };
    this.#queue = new WorkQueue('RemoteAvailabilityController', deps);
  }

  /** What extension servers serve, with what they say of it. Another list after each change. */
  get versions(): readonly ExtensionVersion[] {
    return this.#versions;
  }

  /** Undefined for what this server serves itself. */
  answer(request: Pick<ApiRequest, 'path' | 'query'>, user: User): ApiResponse | undefined {
    const found = this.#serviceOf(request.path);
    if (!found) return undefined;
    const { spec, status } = found;
    const reference = spec.service as Reference;
    if (!isAvailable(status)) return plain('service unavailable\n', 503);
    const reached = serviceEndpoints(
      this.#deps.registry,
      reference.namespace ?? '',
      reference.name ?? '',
      reference.port ?? HTTPS,
    );
    if ('problem' in reached) return plain('service unavailable\n', 503);
    const endpoint = reached.endpoints[this.#deps.random.uint32() % reached.endpoints.length];
    if (!endpoint) return plain('service unavailable\n', 503);
    const search = request.query.toString();
    const extension = {
      server: extensionServer(spec, reference, endpoint),
      headers: remoteHeaders(this.#deps.tellsUid ? user : { ...user, uid: '' }),
    };
    const path = search === '' ? request.path : `${request.path}?${search}`;
    return {
      type: 'proxy',
      target: { scheme: 'https', host: endpoint.host, port: endpoint.port, path, asKubeletClient: false, extension },
    };
  }

  /** What an extension server answers to a GET, for callers in the same process. Undefined for what none serves. Throws StatusError. */
  async read(request: Pick<ApiRequest, 'path' | 'query'>, user: User): Promise<unknown> {
    const answer = this.answer(request, user);
    if (!answer) return undefined;
    return readExtension(answer.type === 'proxy' ? answer.target : NOWHERE, this.#deps.servers);
  }

  /** Checks what is new or has changed at once, and everything from time to time, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const stops = [
      this.#follow(apiService, ({ key, current, previous }) => {
        // What we say about a service is no news of it.
        if (!current || !previous || !equalJson(current.object.spec, previous.object.spec)) this.#queue.add(key);
      }),
      this.#follow(service, ({ key }) =>
        this.#recheck((reference) => key === `${reference.namespace}/${reference.name}`),
      ),
      this.#follow(endpointSlice, ({ key }) => this.#recheck(({ namespace = '' }) => key.startsWith(`${namespace}/`))),
    ];
    this.#recheck(() => true);
    try {
      await using group = new TaskGroup(signal);
      group.spawn((s) => keepLocalServices(this.#deps.registry, s));
      group.spawn((s) => this.#queue.run(s));
      for (let worker = 0; worker < WORKERS; worker++) group.spawn((s) => this.#work(s));
      await group.join();
    } finally {
      for (const stop of stops) stop();
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const name = await this.#queue.take(signal);
      try {
        await this.#check(name);
      } catch (error) {
        this.#deps.log.warn('an APIService could not be checked', { name, error });
        this.#queue.retry(name);
      } finally {
        this.#queue.done(name);
      }
    }
  }

  #serviceOf(path: string): APIService | undefined {
    const [root, group = '', version = ''] = path.split('/').filter((part) => part !== '');
    if (root !== 'apis' || version === '') return undefined;
    const found = this.#deps.registry.of(apiService).find('', `${version}.${group}`);
    return found?.spec.service ? found : undefined;
  }

  #remote(): readonly APIService[] {
    const { cache } = this.#deps.registry.of(apiService).shelf;
    return Array.from(cache.range(cache.prefix), ({ object }) => object as APIService).filter(
      ({ spec }) => spec.service !== undefined,
    );
  }

  async #check(name: string): Promise<void> {
    const { registry, servers } = this.#deps;
    const { shelf } = registry.of(apiService);
    const cached = shelf.cache.get(shelf.keyOf('', name));
    const { spec } = (cached?.object ?? {}) as Partial<APIService>;
    const reference = spec?.service;
    if (!cached || !spec || !reference) {
      this.#documents.delete(name);
      this.#unavailable.now.forget({ name });
      this.#unavailable.times.forget({ name });
      this.#queue.forget(name);
      return this.#publish();
    }
    const verdict = await availability(spec, reference, registry, servers);
    this.#unavailable.now.set(verdict.status === 'True' ? 0 : 1, { name });
    await this.#say(cached, verdict);
    if (verdict.status === 'True') {
      this.#queue.forget(name);
      this.#queue.addAfter(name, RESYNC_MS);
      await this.#read(name, spec, reference);
    } else this.#queue.retry(name);
    this.#publish();
  }

  async #read(name: string, spec: APIService['spec'], reference: Reference): Promise<void> {
    const { registry, servers, log } = this.#deps;
    const reached = serviceEndpoints(
      registry,
      reference.namespace ?? '',
      reference.name ?? '',
      reference.port ?? HTTPS,
    );
    const endpoint = 'endpoints' in reached ? reached.endpoints[0] : undefined;
    if (!endpoint) return;
    try {
      this.#documents.set(name, await readDocuments(spec, extensionServer(spec, reference, endpoint), servers));
    } catch (error) {
      log.warn('the documents of an extension API server could not be read', { name, error });
    }
  }

  async #say(cached: Cached<ApiObject>, { status, reason, message }: Verdict): Promise<void> {
    const { registry, clock } = this.#deps;
    const object = cached.object as APIService;
    const { conditions = [] } = object.status;
    const known = conditions.find(({ type }) => type === 'Available');
    if (known?.status === status && known.reason === reason && known.message === message) return;
    if (status !== 'True' && known?.status !== status)
      this.#unavailable.times.add(1, { name: object.metadata.name, reason });
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : timestamp(clock.now());
    const next = { type: 'Available', status, reason, message, ...(lastTransitionTime ? { lastTransitionTime } : {}) };
    const all = known ? conditions.map((one) => (one === known ? next : one)) : [...conditions, next];
    const written = { ...object, status: { ...object.status, conditions: all } } as APIService;
    // Where it was overtaken, the newer state wakes us.
    await registry.of(apiService).overwrite(cached, written);
  }

  /** Makes the list anew when it is another one. */
  #publish(): void {
    const next = this.#remote().map(({ metadata, spec }): ExtensionVersion => ({
      group: spec.group ?? '',
      version: spec.version ?? '',
      groupPriority: spec.groupPriorityMinimum,
      versionPriority: spec.versionPriority,
      ...this.#documents.get(metadata.name),
    }));
    if (!equalJson(next, this.#versions)) this.#versions = next;
  }

  /** What is behind some services may be reachable now, or no longer. */
  #recheck(isMeant: (reference: Reference) => boolean): void {
    for (const { metadata, spec } of this.#remote())
      if (isMeant(spec.service as Reference)) this.#queue.add(metadata.name);
  }

  #follow<O extends ApiObject>(kind: Kind<O>, listener: (event: CachedEvent<O>) => void): () => void {
    const { cache } = this.#deps.registry.of(kind).shelf;
    return cache.follow(cache.revision, (events) => {
      for (const event of events)
        listener({ ...event, key: event.key.slice(cache.prefix.length) } as unknown as CachedEvent<O>);
    });
  }
}

const isAvailable = ({ conditions = [] }: APIService['status']): boolean =>
  conditions.some(({ type, status }) => type === 'Available' && status === 'True');
