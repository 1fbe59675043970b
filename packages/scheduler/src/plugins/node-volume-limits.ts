import { csiDriver, csiNode, persistentVolume, volumeAttachment } from '@navarch/api';
import { type CacheReader, defineIndex } from '@navarch/client';
import type { ObjectOf } from '@navarch/machinery';
import { definePlugin, type Misfit, misfit } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { StorageIndex } from '../snapshot/storage-index.ts';
import type { Template } from '../snapshot/template.ts';
import { claimsOf } from './pod-claims.ts';

const TOO_MANY = misfit(true, 'node(s) exceed max volume count');

interface Wanted {
  /** Driver -> volumes by their handle. */
  readonly byDriver: ReadonlyMap<string, ReadonlySet<string>>;
  /** Of the driver that has to attach the most. */
  readonly most: number;
  /** What is said of nodes without a driver, by those drivers whose pods must not go there (KEP-5030). */
  readonly missing: ReadonlyMap<string, Misfit>;
  readonly objects: CacheReader;
  readonly storage: StorageIndex;
  readonly rooms: Rooms;
}

/** What is attached to a node, and how much may be, as of a state of it and of its volumes. */
interface Attached {
  readonly generation: number;
  readonly version: number | undefined;
  readonly drivers: ReadonlySet<string>;
  readonly limits: ReadonlyMap<string, number>;
  /** Driver -> volumes by their handle. */
  readonly byDriver: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Keeps a pod from nodes where its CSI drivers can attach no more volumes, or are not at all and should be. */
export const nodeVolumeLimits = definePlugin<Wanted>({
  name: 'NodeVolumeLimits',
  scope: 'cluster',
  wakesOn: ['node-added', 'pod-removed', 'storage-changed'],
  prepare(pod, snapshot) {
    const { objects, storage } = snapshot;
    const byDriver = volumesOf(snapshot.templateOf(pod), objects);
    if (byDriver.size === 0) return undefined;
    let most = 0;
    for (const { size } of byDriver.values()) most = Math.max(most, size);
    return { byDriver, most, missing: missingOf(byDriver, objects), objects, storage, rooms: roomsOf(storage) };
  },
  filter(_pod, node, { byDriver, most, missing, objects, storage, rooms }) {
    const version = storage.versionOf(node);
    if (missing.size === 0 && version !== undefined && rooms.least(node, version) >= most) return undefined;
    const attached = attachedOn(node, objects, version);
    if (version !== undefined) rooms.keep(node, version, attached);
    const { drivers, limits, byDriver: here } = attached;
    for (const [driver, said] of missing) if (!drivers.has(driver)) return said;
    for (const [driver, wanted] of byDriver) {
      const limit = limits.get(driver);
      if (limit === undefined) continue;
      const attached = here.get(driver) ?? NONE;
      let added = 0;
      for (const handle of wanted) if (!attached.has(handle)) added += 1;
      if (added > 0 && attached.size + added > limit) return TOO_MANY;
    }
    return undefined;
  },
});

const missingOf = (byDriver: ReadonlyMap<string, unknown>, objects: CacheReader): ReadonlyMap<string, Misfit> =>
  new Map(
    [...byDriver.keys()]
      .filter((driver) => objects.get(csiDriver, driver)?.spec.preventPodSchedulingIfMissing === true)
      .map((driver) => [driver, misfit(true, `${driver} CSI driver is not installed on the node`)]),
  );

/**
 * How many volumes more of any one driver each node takes, whichever driver it is: nearly every node has room, and to know
 * that takes a look at three numbers.
 */
class Rooms {
  /** By slot, with what it was counted as of. */
  readonly #least: number[] = [];
  readonly #generations: number[] = [];
  readonly #versions: number[] = [];

  /** Below zero where it is not known. Of a node to think with it never is. */
  least({ slot, generation, isCopy }: NodeInfo, version: number): number {
    const isKnown = !isCopy && this.#generations[slot] === generation && this.#versions[slot] === version;
    return isKnown ? (this.#least[slot] as number) : UNKNOWN;
  }

  keep({ slot, generation, isCopy }: NodeInfo, version: number, { limits, byDriver }: Attached): void {
    if (isCopy) return;
    let least = Infinity;
    for (const [driver, limit] of limits) least = Math.min(least, limit - (byDriver.get(driver)?.size ?? 0));
    while (this.#least.length <= slot)
      for (const numbers of [this.#least, this.#generations, this.#versions]) numbers.push(UNKNOWN);
    this.#least[slot] = least;
    this.#generations[slot] = generation;
    this.#versions[slot] = version;
  }
}

const UNKNOWN = -1;
const allRooms = new WeakMap<StorageIndex, Rooms>();

function roomsOf(storage: StorageIndex): Rooms {
  let rooms = allRooms.get(storage);
  if (!rooms) allRooms.set(storage, (rooms = new Rooms()));
  return rooms;
}

const NONE: ReadonlySet<string> = new Set();
const known = new WeakMap<NodeInfo, Attached>();

/** Counted once until something changes: thousands of nodes are asked for every pod. */
function attachedOn(node: NodeInfo, objects: CacheReader, version: number | undefined): Attached {
  const last = known.get(node);
  if (version !== undefined && last?.version === version && last.generation === node.generation) return last;
  const limits = new Map<string, number>();
  const drivers = new Set<string>();
  for (const { name, allocatable } of objects.get(csiNode, node.name)?.spec.drivers ?? []) {
    drivers.add(name);
    if (allocatable?.count !== undefined) limits.set(name, allocatable.count);
  }
  const byDriver = new Map<string, Set<string>>();
  if (limits.size > 0) {
    for (const { template } of node.pods.values())
      for (const [driver, handles] of volumesOf(template, objects))
        for (const handle of handles) hold(byDriver, driver, handle);
    for (const [driver, handle] of attachmentsTo(node.name, objects)) hold(byDriver, driver, handle);
  }
  const attached = { generation: node.generation, version, drivers, limits, byDriver };
  if (version !== undefined) known.set(node, attached);
  return attached;
}

function hold(byDriver: Map<string, Set<string>>, driver: string, handle: string): void {
  const held = byDriver.get(driver);
  if (held) held.add(handle);
  else byDriver.set(driver, new Set([handle]));
}

const byNode = defineIndex<ObjectOf<typeof volumeAttachment>>(({ spec }) => [spec.nodeName]);

/** A volume stays attached for a while after the last pod that used it, and takes its place until it is not. */
const attachmentsTo = (
  nodeName: string,
  objects: CacheReader,
): readonly (readonly [driver: string, handle: string])[] =>
  objects.find(volumeAttachment, byNode, nodeName).flatMap(({ spec }) => {
    const csi = objects.get(persistentVolume, spec.source.persistentVolumeName ?? '')?.spec.csi;
    return csi && spec.attacher ? [[spec.attacher, csi.volumeHandle] as const] : [];
  });

function volumesOf(template: Template, objects: CacheReader): ReadonlyMap<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  if (template.claims.length === 0) return found;
  for (const { name, volume, storageClass } of claimsOf(template, objects)) {
    // One that is yet to be made will be made by the provisioner of its class, and is one more.
    const driver = volume ? volume.spec.csi?.driver : storageClass?.provisioner;
    if (!driver) continue;
    const handle = volume?.spec.csi?.volumeHandle ?? `${template.namespace}/${name}`;
    hold(found, driver, handle);
  }
  return found;
}
