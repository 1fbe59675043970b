import { csiNode, persistentVolume, volumeAttachment } from '@navarch/api';
import { type CacheReader, defineIndex } from '@navarch/client';
import type { ObjectOf } from '@navarch/machinery';
import { definePlugin, misfit } from '../plugin.ts';
import type { Template } from '../snapshot/template.ts';
import { claimsOf } from './pod-claims.ts';

const TOO_MANY = misfit(true, 'node(s) exceed max volume count');

interface Wanted {
  /** Driver -> volumes by their handle. */
  readonly byDriver: ReadonlyMap<string, ReadonlySet<string>>;
  readonly objects: CacheReader;
}

/** Keeps a pod from nodes where its CSI drivers can attach no more volumes. */
export const nodeVolumeLimits = definePlugin<Wanted>({
  name: 'NodeVolumeLimits',
  scope: 'cluster',
  wakesOn: ['node-added', 'pod-removed', 'storage-changed'],
  prepare(pod, snapshot) {
    const byDriver = volumesOf(snapshot.templateOf(pod), snapshot.objects);
    return byDriver.size > 0 ? { byDriver, objects: snapshot.objects } : undefined;
  },
  filter(_pod, { name, pods }, { byDriver, objects }) {
    const drivers = objects.get(csiNode, name)?.spec.drivers ?? [];
    for (const [driver, wanted] of byDriver) {
      const limit = drivers.find((each) => each.name === driver)?.allocatable?.count;
      if (limit === undefined) continue;
      const attached = new Set<string>();
      for (const { template } of pods.values())
        for (const handle of volumesOf(template, objects).get(driver) ?? []) attached.add(handle);
      for (const handle of attachedTo(name, driver, objects)) attached.add(handle);
      const added = [...wanted].filter((handle) => !attached.has(handle)).length;
      if (added > 0 && attached.size + added > limit) return TOO_MANY;
    }
    return undefined;
  },
});

const byNode = defineIndex<ObjectOf<typeof volumeAttachment>>(({ spec }) => [spec.nodeName]);

/** A volume stays attached for a while after the last pod that used it, and takes its place until it is not. */
const attachedTo = (nodeName: string, driver: string, objects: CacheReader): readonly string[] =>
  objects.find(volumeAttachment, byNode, nodeName).flatMap(({ spec }) => {
    const csi = objects.get(persistentVolume, spec.source.persistentVolumeName ?? '')?.spec.csi;
    return csi?.driver === driver ? [csi.volumeHandle] : [];
  });

function volumesOf(template: Template, objects: CacheReader): ReadonlyMap<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  if (template.claims.length === 0) return found;
  for (const { name, volume, storageClass } of claimsOf(template, objects)) {
    // One that is yet to be made will be made by the provisioner of its class, and is one more.
    const driver = volume ? volume.spec.csi?.driver : storageClass?.provisioner;
    if (!driver) continue;
    const handle = volume?.spec.csi?.volumeHandle ?? `${template.namespace}/${name}`;
    const held = found.get(driver);
    if (held) held.add(handle);
    else found.set(driver, new Set([handle]));
  }
  return found;
}
