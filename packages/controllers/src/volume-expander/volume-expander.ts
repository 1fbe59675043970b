import { persistentVolume, persistentVolumeClaim, type PersistentVolumeClaim } from '@navarch/api';
import { compareQuantities, parseQuantity } from '@navarch/machinery';
import { type Controller, defineController, self } from '../controller.ts';

const asked = ({ spec }: PersistentVolumeClaim): string | undefined => spec.resources?.requests?.['storage'];

/** Says of claims that are to grow that this is their driver's work: of no volume any more can it be done from here. */
export const volumeExpanderController: Controller = defineController({
  name: 'persistentvolume-expander-controller',
  queueName: 'volume_expand',
  eventSource: 'volume_expand',
  watches: [
    self(
      persistentVolumeClaim,
      ({ current, previous }) =>
        current !== undefined && (previous === undefined || grows(asked(previous) ?? '0', asked(current) ?? '0')),
    ),
  ],
  reads: [persistentVolume],
  async reconcile(key, { cache, events }) {
    const claim = cache.get(persistentVolumeClaim, key);
    const volume = claim?.spec.volumeName ? cache.get(persistentVolume, claim.spec.volumeName) : undefined;
    if (!claim || !volume || claim.metadata.deletionTimestamp || claim.status.phase !== 'Bound') return undefined;
    if (!grows(claim.status.capacity?.['storage'] ?? '0', asked(claim) ?? '0')) return undefined;
    events.record(claim, {
      type: 'Normal',
      reason: 'ExternalExpanding',
      message: 'waiting for an external controller to expand this PVC',
    });
    return undefined;
  },
});

function grows(from: string, to: string): boolean {
  const [before, after] = [parseQuantity(from), parseQuantity(to)];
  return before !== undefined && after !== undefined && compareQuantities(before, after) < 0;
}
