import type { ContainerAllocateResponse } from './generated/types.ts';

/** What one container was given of one resource. */
export interface DeviceEntry {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly ids: readonly string[];
  /** The NUMA nodes of each device, as they were then. */
  readonly nodes: Readonly<Record<string, readonly number[]>>;
  /** How the devices get into the container, as the plugin said. */
  readonly answer: ContainerAllocateResponse;
}

/** What is given out, kept over restarts. */
export class DeviceEntries {
  readonly #entries = new Map<string, DeviceEntry[]>();

  of(podUid: string, container: string): readonly DeviceEntry[] {
    return (this.#entries.get(podUid) ?? []).filter((entry) => entry.container === container);
  }

  inUse(resource: string): ReadonlySet<string> {
    return new Set(this.all().flatMap((entry) => (entry.resource === resource ? entry.ids : [])));
  }

  all(): readonly DeviceEntry[] {
    return [...this.#entries.values()].flat();
  }

  podUids(): readonly string[] {
    return [...this.#entries.keys()];
  }

  add(entry: DeviceEntry): void {
    this.#entries.set(entry.podUid, [...(this.#entries.get(entry.podUid) ?? []), entry]);
  }

  release(podUid: string): boolean {
    return this.#entries.delete(podUid);
  }
}
