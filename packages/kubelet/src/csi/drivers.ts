import type { Clock, Logger } from '@navarch/base';
import type { Plugin, PluginKind } from '../plugin-registration/plugin-kind.ts';
import { VolumeError } from '../volumes/volume-error.ts';
import type { Abilities } from './capability.ts';
import type { NodeGetInfoResponse } from './generated/types.ts';
import type { CsiNodeService, CsiSockets } from './port.ts';

export interface DriversDeps {
  readonly sockets: CsiSockets;
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes a driver known in the cluster; throws where that is refused. */
  publish(name: string, info: NodeGetInfoResponse, signal: AbortSignal): Promise<void>;
  withdraw(name: string): void;
}

interface Registered {
  readonly plugin: Plugin;
  readonly service: CsiNodeService;
  abilities?: Abilities;
}

/** What a driver is asked again after, and for how long at most. */
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 8_000;
const ASK_MS = 120_000;

/** The CSI drivers that have made themselves known on the node, by name. */
export class Drivers implements PluginKind {
  readonly type = 'CSIPlugin';
  readonly #deps: DriversDeps;
  readonly #known = new Map<string, Registered>();

  constructor(deps: DriversDeps) {
    this.#deps = deps;
  }

  check({ name, versions }: Plugin): void {
    const best = highest(versions);
    if (best === undefined)
      throw new Error(
        `ValidatePlugin for CSI driver ${JSON.stringify(name)} failed. None of the versions specified [${versions.join(' ')}] are supported`,
      );
    const present = highest(this.#known.get(name)?.plugin.versions ?? []);
    if (present !== undefined && isLower(best, present))
      throw new Error(
        `ValidatePlugin for CSI driver ${JSON.stringify(name)} failed. Another driver with the same name is already registered with a higher supported version: "${present.join('.')}"`,
      );
  }

  async begin(plugin: Plugin, signal: AbortSignal): Promise<void> {
    const { sockets, publish } = this.#deps;
    this.#known.get(plugin.name)?.service[Symbol.dispose]();
    const service = sockets.connect(plugin.endpoint);
    this.#known.set(plugin.name, { plugin, service });
    try {
      await publish(plugin.name, await this.#info(service, signal), signal);
    } catch (error) {
      this.end(plugin);
      throw error;
    }
  }

  /** A driver just begun may still be waiting for what it drives. */
  async #info(service: CsiNodeService, signal: AbortSignal): Promise<NodeGetInfoResponse> {
    const { clock, log } = this.#deps;
    const until = clock.monotonic() + ASK_MS;
    for (let pauseMs = RETRY_MS_MIN; ; pauseMs = Math.min(RETRY_MS_MAX, pauseMs * 2)) {
      try {
        return await service.nodeGetInfo({}, signal);
      } catch (error) {
        if (signal.aborted || clock.monotonic() + pauseMs > until) throw error;
        log.debug('a driver does not say who it is on this node', { error });
        await clock.sleep(pauseMs, signal);
      }
    }
  }

  /** Asks a driver anew who and where the node is to it, and how many volumes it allows, and tells the cluster. */
  async say(name: string, signal: AbortSignal): Promise<void> {
    const service = this.#known.get(name)?.service;
    if (service) await this.#deps.publish(name, await service.nodeGetInfo({}, signal), signal);
  }

  /** A driver that came anew on another socket stays. */
  end({ name, endpoint }: Plugin): void {
    const known = this.#known.get(name);
    if (known?.plugin.endpoint !== endpoint) return;
    known.service[Symbol.dispose]();
    this.#known.delete(name);
    this.#deps.withdraw(name);
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  names(): readonly string[] {
    return [...this.#known.keys()];
  }

  /** Throws VolumeError while there is no such driver; `what` is what cannot be done without it. */
  of(name: string, what: string): CsiNodeService {
    const known = this.#known.get(name);
    if (!known)
      throw new VolumeError(
        `kubernetes.io/csi: ${what}: driver name ${name} not found in the list of registered CSI drivers`,
      );
    return known.service;
  }

  /** What a driver can do beyond publishing; asked once. */
  async abilities(name: string, what: string, signal: AbortSignal): Promise<Abilities> {
    const service = this.of(name, what);
    const known = this.#known.get(name);
    if (known?.abilities) return known.abilities;
    const { capabilities } = await service.nodeGetCapabilities({}, signal);
    const abilities = new Set(capabilities.flatMap(({ rpc }) => (rpc ? [rpc.type] : [])));
    if (known) known.abilities = abilities;
    return abilities;
  }
}

type Version = readonly number[];

/** Of those of CSI that are spoken here. */
const highest = (versions: readonly string[]): Version | undefined =>
  versions
    .filter((text) => /^v?1\.\d+(\.\d+)?$/.test(text))
    .map((text) => text.replace(/^v/, '').split('.').map(Number))
    .toSorted((a, b) => (isLower(a, b) ? 1 : -1))[0];

const isLower = (a: Version, b: Version): boolean => {
  const at = [0, 1, 2].find((i) => (a[i] ?? 0) !== (b[i] ?? 0));
  return at !== undefined && (a[at] ?? 0) < (b[at] ?? 0);
};
