import { resourceSlice } from '@navarch/api';
import type { Clock, Logger, TaskGroup } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { DeviceHealth } from '../dra-health/generated/types.ts';
import type { Plugin, PluginKind } from '../plugin-registration/plugin-kind.ts';
import type { DRAPlugin } from './generated/types.ts';
import { DRA_SERVICES, type DraSockets, HEALTH_SERVICES, type HealthService } from './ports.ts';

export interface DraDriversDeps {
  readonly api: Api;
  readonly sockets: DraSockets;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** Devices of claims are well that were not, or the other way round. */
  changed(): void;
}

interface Registered {
  readonly plugin: Plugin;
  readonly service: DRAPlugin & Disposable;
  readonly end: AbortController;
}

/** A driver that is updated comes again within this time: until then its devices stay in the cluster. */
const WIPE_MS = 30_000;
const RETRY_MS = 5_000;
/** How long what a driver said of a device holds, where it does not say so itself. */
const HEALTH_SECONDS = 30;
const HEALTH_MAX = 10_000;

export type Health = 'Healthy' | 'Unhealthy' | 'Unknown';
const HEALTHS: Readonly<Record<DeviceHealth['health'], Health>> = {
  HEALTHY: 'Healthy',
  UNHEALTHY: 'Unhealthy',
  UNKNOWN: 'Unknown',
};

/** The DRA drivers that have made themselves known on the node. Without its driver a device is not the cluster's to give. */
export class DraDrivers implements PluginKind {
  readonly type = 'DRAPlugin';
  readonly #deps: DraDriversDeps;
  readonly #group: TaskGroup;
  /** By name: during an update there are two, and the one that came last is asked. */
  readonly #known = new Map<string, readonly Registered[]>();
  /** By driver, pool and device. */
  readonly #health = new Map<string, DeviceHealth>();

  constructor(deps: DraDriversDeps, group: TaskGroup) {
    this.#deps = deps;
    this.#group = group;
    group.spawn((signal) => this.#wipe(undefined, signal));
  }

  check({ name, versions }: Plugin): void {
    if (serviceOf(DRA_SERVICES, versions) === undefined)
      throw new Error(
        `invalid versions of DRA driver ${name}: none of the versions [${versions.join(' ')}] is supported, those that are: [${DRA_SERVICES.join(' ')}]`,
      );
  }

  async begin(plugin: Plugin): Promise<void> {
    const { sockets } = this.#deps;
    const { name, endpoint, versions } = plugin;
    const version = serviceOf(DRA_SERVICES, versions) ?? 'v1.DRAPlugin';
    const registered: Registered = { plugin, service: sockets.connect(endpoint, version), end: new AbortController() };
    this.#known.set(name, [...(this.#known.get(name) ?? []), registered]);
    const health = serviceOf(HEALTH_SERVICES, versions);
    if (health) this.#group.spawn((signal) => this.#followHealth(registered, health, signal));
  }

  end({ name, endpoint }: Plugin): void {
    const known = this.#known.get(name) ?? [];
    for (const { plugin, service, end } of known)
      if (plugin.endpoint === endpoint) {
        end.abort(new Error('The driver is gone'));
        service[Symbol.dispose]();
      }
    const left = known.filter(({ plugin }) => plugin.endpoint !== endpoint);
    if (left.length > 0) this.#known.set(name, left);
    else if (this.#known.delete(name)) this.#group.spawn((signal) => this.#wipe(name, signal));
  }

  /** Throws Error in upstream's words. */
  get(name: string): DRAPlugin {
    const service = this.#known.get(name)?.at(-1)?.service;
    if (!service) throw new Error(`DRA driver ${name} is not registered`);
    return service;
  }

  health(driver: string, pool: string, device: string): { readonly health: Health; readonly message?: string } {
    const told = this.#health.get(`${driver} ${pool} ${device}`);
    if (!told) return { health: 'Unknown' };
    const seconds = told.healthCheckTimeoutSeconds || HEALTH_SECONDS;
    const isStale = this.#deps.clock.now() / 1000 - told.lastUpdatedTime > seconds;
    return { health: isStale ? 'Unknown' : HEALTHS[told.health], ...(told.message ? { message: told.message } : {}) };
  }

  async #followHealth({ plugin, end }: Registered, service: HealthService, signal: AbortSignal): Promise<void> {
    const { sockets, clock, log, changed } = this.#deps;
    const either = AbortSignal.any([signal, end.signal]);
    using watched = sockets.connectHealth(plugin.endpoint, service);
    while (!either.aborted) {
      try {
        for await (const { devices } of watched.nodeWatchResources({}, either)) {
          for (const told of devices) this.#note(plugin.name, told);
          changed();
        }
      } catch (error) {
        if (!either.aborted) log.debug('a driver does not say how its devices are', { driver: plugin.name, error });
      }
      await clock.sleep(RETRY_MS, either).catch(() => undefined);
    }
  }

  #note(driver: string, told: DeviceHealth): void {
    const key = `${driver} ${told.device?.poolName} ${told.device?.deviceName}`;
    // More devices than any node has: those that came first are followed.
    if (this.#health.has(key) || this.#health.size < HEALTH_MAX) this.#health.set(key, told);
  }

  /** What a driver offered is withdrawn when it does not come back; `name` undefined: of all that are not here. */
  async #wipe(name: string | undefined, signal: AbortSignal): Promise<void> {
    const { api, clock, log, nodeName } = this.#deps;
    await clock.sleep(WIPE_MS, signal).catch(() => undefined);
    while (!signal.aborted) {
      try {
        const ofNode = `spec.nodeName=${nodeName}`;
        const fieldSelector = name === undefined ? ofNode : `${ofNode},spec.driver=${name}`;
        const { items } = await api.of(resourceSlice).list({ fieldSelector });
        const gone = new Set(items.map(({ spec }) => spec.driver).filter((driver) => !this.#known.has(driver)));
        for (const driver of gone)
          await api.of(resourceSlice).deleteCollection({ fieldSelector: `${ofNode},spec.driver=${driver}` });
        return;
      } catch (error) {
        if (!signal.aborted) log.warn('cannot withdraw what drivers offered that are gone', { driver: name, error });
        await clock.sleep(RETRY_MS, signal).catch(() => undefined);
      }
    }
  }
}

const serviceOf = <T extends string>(services: readonly T[], versions: readonly string[]): T | undefined =>
  services.find((service) => versions.includes(service));
