import type { Container, Pod } from '@navarch/api';
import type { Clock } from '@navarch/base';
import { quantityValue } from '@navarch/machinery';
import type { Hint, Hints } from '../topology/hints.ts';
import { neededAtOnce, rolesOf, type TopologyProvider, unexpected } from '../topology/provider.ts';
import { chooseDevices, deviceHints, hasTopology, type Prefer } from './choose-devices.ts';
import { DeviceEntries, type DeviceEntry } from './device-entries.ts';
import type { ContainerAllocateResponse, DevicePlugin } from './generated/types.ts';
import { noDevices, type PluginDevices } from './plugin-devices.ts';

export interface DevicePoolDeps {
  readonly clock: Clock;
  readonly numaNodes: readonly number[];
  /** The plugin of a resource, while there is one. */
  plugin(resource: string): DevicePlugin | undefined;
}

/** How long devices of a plugin that went count as the node's: it may only be updated. */
const STOPPED_MS_MAX = 5 * 60_000;

/** The devices of all plugins, and who has them. No device is given to two pods. */
export class DevicePool implements TopologyProvider {
  readonly #deps: DevicePoolDeps;
  readonly #resources = new Map<string, PluginDevices>();
  readonly entries = new DeviceEntries();

  constructor(deps: DevicePoolDeps) {
    this.#deps = deps;
  }

  set(resource: string, devices: PluginDevices): void {
    this.#resources.set(resource, devices);
  }

  get(resource: string): PluginDevices | undefined {
    return this.#resources.get(resource);
  }

  /** Resources that a plugin once spoke for. */
  resources(): readonly string[] {
    return [...this.#resources.keys()];
  }

  /** Whoever asks for it asks a plugin. */
  has(resource: string): boolean {
    return this.#resources.has(resource);
  }

  /** What the node says of its devices; nothing is left of a resource whose plugin has been away for long. */
  amounts(): {
    readonly capacity: Readonly<Record<string, string>>;
    readonly allocatable: Readonly<Record<string, string>>;
  } {
    const now = this.#deps.clock.monotonic();
    const counts = [...this.#resources].map(([name, { healthy, unhealthy, stoppedAt }]) => {
      const isGone = stoppedAt !== undefined && now - stoppedAt >= STOPPED_MS_MAX;
      return [name, isGone ? 0 : healthy.size + unhealthy.size, isGone ? 0 : healthy.size] as const;
    });
    return {
      capacity: Object.fromEntries(counts.map(([name, all]) => [name, String(all)])),
      allocatable: Object.fromEntries(counts.map(([name, , healthy]) => [name, String(healthy)])),
    };
  }

  hints(pod: Pod, container: Container): Hints {
    return this.#hintsOf(
      this.#wanted(container).map(([resource, count]) => [resource, count]),
      (resource) => this.#given(pod, container, resource)?.ids,
      (resource) => this.#handedOn(pod, container, resource),
    );
  }

  podHints(pod: Pod): Hints {
    const wanted = new Set(rolesOf(pod).flatMap(([c]) => this.#wanted(c).map(([resource]) => resource)));
    const counts = [...wanted].map(
      (resource) =>
        [resource, neededAtOnce(pod, (c) => this.#wanted(c).find(([name]) => name === resource)?.[1] ?? 0)] as const,
    );
    const given = (resource: string): readonly string[] | undefined => {
      const ids = rolesOf(pod).flatMap(([c]) => this.#given(pod, c, resource)?.ids ?? []);
      return ids.length > 0 ? [...new Set(ids)] : undefined;
    };
    return this.#hintsOf(counts, given, () => new Set());
  }

  async allocate(pod: Pod, container: Container, hint: Hint, signal: AbortSignal): Promise<void> {
    for (const [resource, count] of this.#wanted(container)) {
      try {
        await this.#allocate(pod, container, { resource, count, hint }, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw unexpected((error as Error).message, { cause: error });
      }
    }
  }

  release(podUid: string): boolean {
    return this.entries.release(podUid);
  }

  async #allocate(
    pod: Pod,
    container: Container,
    { resource, count, hint }: { readonly resource: string; readonly count: number; readonly hint: Hint },
    signal: AbortSignal,
  ): Promise<void> {
    const given = this.#given(pod, container, resource);
    if (given && given.ids.length !== count)
      throw new Error(
        `pod "${pod.metadata.uid}" container "${container.name}" changed request for resource "${resource}" from ${given.ids.length} to ${count}`,
      );
    // A container that runs keeps what it has, whatever its plugin says of it by now.
    if (given) return;
    const devices = this.#resources.get(resource) ?? noDevices();
    const plugin = this.#deps.plugin(resource);
    if (devices.healthy.size === 0)
      throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${resource}`);
    if (!plugin) throw new Error(`endpoint ${resource} has been stopped`);
    const handedOn = this.#handedOn(pod, container, resource);
    const inUse = this.entries.inUse(resource);
    const request = { resource, count, devices, inUse, handedOn };
    const ids = await chooseDevices(request, hint, preferring(plugin, devices, signal));
    const answer = await allocateCall(plugin, [...ids], signal);
    const nodes = Object.fromEntries([...ids].map((id) => [id, devices.nodes.get(id) ?? []]));
    this.entries.add({
      podUid: pod.metadata.uid,
      container: container.name,
      resource,
      ids: [...ids].toSorted(),
      nodes,
      answer,
    });
  }

  #hintsOf(
    wanted: readonly (readonly [resource: string, count: number])[],
    givenOf: (resource: string) => readonly string[] | undefined,
    handedOnOf: (resource: string) => ReadonlySet<string>,
  ): Hints {
    const { numaNodes } = this.#deps;
    return Object.fromEntries(
      wanted.map(([resource, count]) => {
        const devices = this.#resources.get(resource) ?? noDevices();
        if (!hasTopology(devices.nodes)) return [resource, undefined];
        const given = givenOf(resource);
        if (given && given.length !== count) return [resource, []];
        const own = new Set(given);
        const inUse = given ? devices.healthy.difference(own) : this.entries.inUse(resource);
        const handedOn = given ? own : handedOnOf(resource);
        return [resource, deviceHints({ count, devices, inUse, handedOn }, numaNodes)];
      }),
    );
  }

  /** Of the limits: they are the same as the requests for what cannot be shared. */
  #wanted(container: Container): readonly (readonly [resource: string, count: number])[] {
    return Object.entries(container.resources?.limits ?? {})
      .filter(([name]) => this.has(name))
      .map(([name, text]) => [name, quantityValue(text)] as const)
      .filter(([, count]) => count > 0);
  }

  #given(pod: Pod, container: Container, resource: string): DeviceEntry | undefined {
    return this.entries.of(pod.metadata.uid, container.name).find((entry) => entry.resource === resource);
  }

  #handedOn(pod: Pod, container: Container, resource: string): ReadonlySet<string> {
    const free = new Set<string>();
    for (const [before, role] of rolesOf(pod)) {
      if (before.name === container.name) break;
      for (const id of this.#given(pod, before, resource)?.ids ?? []) {
        if (role === 'init') free.add(id);
        else free.delete(id);
      }
    }
    return free;
  }
}

function preferring(plugin: DevicePlugin, { options }: PluginDevices, signal: AbortSignal): Prefer {
  if (!options.getPreferredAllocationAvailable) return () => Promise.resolve([]);
  return async (available, mustInclude, allocationSize) => {
    const request = {
      availableDeviceIDs: [...available].toSorted(),
      mustIncludeDeviceIDs: [...mustInclude].toSorted(),
      allocationSize,
    };
    const { containerResponses } = await plugin.getPreferredAllocation({ containerRequests: [request] }, signal);
    return containerResponses[0]?.deviceIDs ?? [];
  };
}

async function allocateCall(
  plugin: DevicePlugin,
  devicesIds: readonly string[],
  signal: AbortSignal,
): Promise<ContainerAllocateResponse> {
  const { containerResponses } = await plugin.allocate({ containerRequests: [{ devicesIds }] }, signal);
  const [answer] = containerResponses;
  if (!answer) throw new Error('no containers return in allocation response');
  return answer;
}
