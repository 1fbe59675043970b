import {
  type csiNode,
  persistentVolumeClaim,
  type persistentVolume,
  type storageClass,
  volumeAttachment,
} from '@navarch/api';
import { type CacheReader, defineIndex } from '@navarch/client';
import { equalJson, type Key, keyIn, keyOf, type ObjectOf } from '@navarch/machinery';
import type { NodeInfo } from './node-info.ts';
import type { Placed } from './template.ts';

type Claim = ObjectOf<typeof persistentVolumeClaim>;
type Volume = ObjectOf<typeof persistentVolume>;
type StorageClass = ObjectOf<typeof storageClass>;
type Attachment = ObjectOf<typeof volumeAttachment>;
type CsiNode = ObjectOf<typeof csiNode>;

/** Finds nodes by their names. */
interface Nodes {
  node(name: string): NodeInfo | undefined;
}

const byVolume = defineIndex<Claim>(({ spec }) => (spec.volumeName ? [spec.volumeName] : []));
const attachmentsByVolume = defineIndex<Attachment>(({ spec }) =>
  spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : [],
);

/**
 * Which nodes a change of claims and volumes is about: those whose pods use the claim, and those that the volume is
 * attached to. What was counted of all others still holds, however many claims come and go meanwhile.
 */
export class StorageIndex {
  readonly #nodes: Nodes;
  readonly #objects: CacheReader;
  /** How many pods use a claim, by where they are. */
  readonly #users = new Map<Key, Map<NodeInfo, number>>();
  /** When the node of each slot was last spoken of, or one that had the slot before; absent: never. */
  readonly #spokenOf: number[] = [];
  /** When something last changed that may be about any node. */
  #allSpokenOf = 0;
  #changes = 0;
  #isFollowed = false;

  constructor(nodes: Nodes, objects: CacheReader) {
    this.#nodes = nodes;
    this.#objects = objects;
  }

  /** From now on somebody tells of every change. */
  follow(): void {
    this.#isFollowed = true;
  }

  /**
   * A number that moves whenever what drivers and claims say of the node may have: until then what was counted holds.
   * Absent where nobody tells of changes.
   */
  versionOf(node: NodeInfo): number | undefined {
    return this.#isFollowed ? Math.max(this.#allSpokenOf, this.#spokenOf[node.slot] ?? 0) : undefined;
  }

  /** Pods on nodes that use a claim. */
  usersOf(claim: Key): number {
    let users = 0;
    for (const count of this.#users.get(claim)?.values() ?? []) users += count;
    return users;
  }

  count(node: NodeInfo, { template: { namespace, claims } }: Placed, by: 1 | -1): void {
    for (const name of claims) {
      const key = keyIn(namespace, name);
      const users = this.#users.get(key) ?? new Map<NodeInfo, number>();
      const count = (users.get(node) ?? 0) + by;
      if (count > 0) this.#users.set(key, users.set(node, count));
      else if (users.delete(node) && users.size === 0) this.#users.delete(key);
    }
  }

  claimChanged(current: Claim | undefined, previous: Claim | undefined): void {
    const claim = current ?? previous;
    if (!claim) return;
    if (
      current?.spec.volumeName !== previous?.spec.volumeName ||
      current?.spec.storageClassName !== previous?.spec.storageClassName
    )
      this.#speakOfUsers(keyOf(claim));
  }

  volumeChanged(current: Volume | undefined, previous: Volume | undefined): void {
    const volume = current ?? previous;
    if (!volume || equalJson([current?.spec.csi], [previous?.spec.csi])) return;
    const { name } = volume.metadata;
    for (const claim of this.#objects.find(persistentVolumeClaim, byVolume, name)) this.#speakOfUsers(keyOf(claim));
    for (const { spec } of this.#objects.find(volumeAttachment, attachmentsByVolume, name))
      this.#speakOf(spec.nodeName);
  }

  attachmentChanged(current: Attachment | undefined, previous: Attachment | undefined): void {
    if (current && previous && equalJson(current.spec, previous.spec)) return;
    for (const attachment of [current, previous]) if (attachment) this.#speakOf(attachment.spec.nodeName);
  }

  driversChanged(current: CsiNode | undefined, previous: CsiNode | undefined): void {
    const name = (current ?? previous)?.metadata.name;
    if (name !== undefined && !equalJson([current?.spec], [previous?.spec])) this.#speakOf(name);
  }

  classChanged(current: StorageClass | undefined, previous: StorageClass | undefined): void {
    if (current?.provisioner !== previous?.provisioner) this.#allSpokenOf = ++this.#changes;
  }

  #speakOfUsers(claim: Key): void {
    for (const node of this.#users.get(claim)?.keys() ?? []) this.#spoken(node);
  }

  #speakOf(nodeName: string): void {
    const node = this.#nodes.node(nodeName);
    if (node) this.#spoken(node);
  }

  #spoken({ slot }: NodeInfo): void {
    while (this.#spokenOf.length <= slot) this.#spokenOf.push(0);
    this.#spokenOf[slot] = ++this.#changes;
  }
}
