import type { Container, Pod } from '@navarch/api';
import { aborted, type Clock, type Logger, type Metrics, noMetrics, TaskGroup } from '@navarch/base';
import { isExtendedResourceName } from './extended-resource.ts';
import { DevicePool } from './device-pool.ts';
import type { DevicePlugin, DevicePluginOptions, RegisterRequest } from './generated/types.ts';
import { devicesTold, noDevices, stopped } from './plugin-devices.ts';
import type { DevicePluginSockets } from './ports.ts';

export interface DevicePluginsDeps {
  readonly sockets: DevicePluginSockets;
  /** `device-plugins` in the kubelet's folder. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly numaNodes: readonly number[];
  /** The node has other devices, or others of them are well. */
  changed(resource: string): void;
}

const VERSION = 'v1beta1';
/** A node with more kinds of devices is none. */
const RESOURCES_MAX = 1000;

interface Link {
  readonly plugin: DevicePlugin & Disposable;
  readonly options: DevicePluginOptions;
  readonly end: AbortController;
}

/** Device plugins (v1beta1): they register, tell of their devices for as long as they live, and are asked for some. */
export class DevicePlugins {
  readonly pool: DevicePool;
  readonly #deps: DevicePluginsDeps;
  readonly #links = new Map<string, Link>();
  readonly #registered;

  constructor(deps: DevicePluginsDeps) {
    this.#deps = deps;
    this.pool = new DevicePool({ ...deps, plugin: (resource) => this.#links.get(resource)?.plugin });
    this.#registered = (deps.metrics ?? noMetrics).counter(
      'kubelet_device_plugin_registration_total',
      'Cumulative number of device plugin registrations. Broken down by resource name.',
    );
  }

  /** Listens for plugins until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await using group = new TaskGroup(signal);
    await using _ = await this.#deps.sockets.listen(`${this.#deps.dir}/kubelet.sock`, (request) =>
      this.register(request, group),
    );
    await aborted(group.signal);
    await group.join();
  }

  /** A plugin makes itself known. Throws what it is told. */
  async register({ version, endpoint, resourceName, options }: RegisterRequest, group: TaskGroup): Promise<void> {
    const { sockets, dir, log } = this.#deps;
    this.#registered.add(1, { resource_name: resourceName });
    if (version !== VERSION)
      throw new Error(
        `requested API version "${version}" is not supported by kubelet. Supported version is ["${VERSION}"]`,
      );
    if (!isExtendedResourceName(resourceName)) throw new Error(`the ResourceName "${resourceName}" is invalid`);
    if (!this.pool.has(resourceName) && this.pool.resources().length >= RESOURCES_MAX)
      throw new Error(`the node has ${RESOURCES_MAX} resources of device plugins already`);
    const plugin = await sockets.connect(`${dir}/${endpoint}`);
    const link: Link = {
      plugin,
      options: options ?? { preStartRequired: false, getPreferredAllocationAvailable: false },
      end: new AbortController(),
    };
    this.#links.get(resourceName)?.end.abort(new Error('Another plugin speaks for the devices'));
    this.#links.set(resourceName, link);
    log.info('device plugin registered', { resource: resourceName, endpoint });
    if (!this.pool.has(resourceName)) this.pool.set(resourceName, noDevices(link.options));
    group.spawn((s) => this.#follow(resourceName, link, s));
  }

  /** Tells the plugin, where it wants to know, that the container is about to start. Throws RpcError. */
  async preStart(pod: Pod, container: Container, signal: AbortSignal): Promise<void> {
    for (const { resource, ids } of this.pool.entries.of(pod.metadata.uid, container.name)) {
      const link = this.#links.get(resource);
      if (!link?.options.preStartRequired) continue;
      await link.plugin.preStartContainer({ devicesIds: ids }, signal);
    }
  }

  async #follow(resource: string, link: Link, signal: AbortSignal): Promise<void> {
    const { clock, log, changed } = this.#deps;
    const either = AbortSignal.any([signal, link.end.signal]);
    try {
      for await (const { devices } of link.plugin.listAndWatch({}, either)) {
        this.pool.set(resource, devicesTold(link.options, devices));
        changed(resource);
      }
    } catch (error) {
      if (!either.aborted) log.info('device plugin gone', { resource, error });
    } finally {
      link.plugin[Symbol.dispose]();
    }
    if (this.#links.get(resource) !== link || signal.aborted) return;
    this.#links.delete(resource);
    this.pool.set(resource, stopped(this.pool.get(resource) ?? noDevices(), clock.monotonic()));
    changed(resource);
  }
}
