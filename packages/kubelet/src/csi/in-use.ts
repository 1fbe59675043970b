import type { NodeDirs } from '../container-config.ts';
import type { Files } from '../ports.ts';
import { uniqueName } from './paths.ts';
import { everyPodVolume } from './pod-volumes-on-disk.ts';
import { everyStagedVolume } from './staged-on-disk.ts';

/** Volumes that the node has, or is about to have, mounted: while its status says so nobody takes them away from it. */
export class InUse {
  readonly #names = new Set<string>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get names(): readonly string[] {
    return [...this.#names].toSorted();
  }

  add(driver: string, handle: string): string {
    const name = uniqueName(driver, handle);
    if (!this.#names.has(name)) {
      this.#names.add(name);
      this.#changed();
    }
    return name;
  }

  remove(driver: string, handle: string): void {
    if (this.#names.delete(uniqueName(driver, handle))) this.#changed();
  }

  /** Takes in what an earlier run of the kubelet left mounted. */
  async load(files: Files, dirs: NodeDirs): Promise<void> {
    for (const { data } of await everyPodVolume(files, dirs))
      if (data && data.volumeLifecycleMode !== 'Ephemeral') this.add(data.driverName, data.volumeHandle);
    for (const { data } of await everyStagedVolume(files, dirs)) this.add(data.driverName, data.volumeHandle);
  }
}
