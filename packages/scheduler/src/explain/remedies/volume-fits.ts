import { csiStorageCapacity, persistentVolume, persistentVolumeClaim, storageClass } from '@navarch/api';
import { compileLabelSelector, quantityValue } from '@navarch/machinery';
import type { Claim, StorageClass, Volume } from '../../plugins/pod-claims.ts';
import { isReachable } from '../../plugins/volume-binding.ts';
import { type Case, editObject, putObject, type Step } from '../step.ts';
import { bound } from './volume-making.ts';

const VOLUMES_MAX = 3;

const sizeOf = ({ spec }: Claim): number => quantityValue(spec.resources?.requests?.['storage']);
const capacityOf = ({ spec }: Volume): number => quantityValue(spec.capacity?.['storage']);

const withSize = (claim: Claim, storage: string): Claim => ({
  ...claim,
  spec: {
    ...claim.spec,
    resources: { ...claim.spec.resources, requests: { ...claim.spec.resources?.requests, storage } },
  },
});

/** As much as the driver has left where the node reaches. */
export function lessSpace(claim: Claim, about: Case): readonly Step[] {
  const { node, whatIf } = about;
  const left = whatIf.snapshot.objects
    .list(csiStorageCapacity)
    .filter(
      ({ storageClassName, nodeTopology }) =>
        storageClassName === claim.spec.storageClassName && compileLabelSelector(nodeTopology).matches(node.labels),
    )
    .map(({ capacity, maximumVolumeSize }) => maximumVolumeSize ?? capacity ?? '0')
    .toSorted((a, b) => quantityValue(b) - quantityValue(a));
  const [most] = left;
  if (most === undefined || quantityValue(most) === 0 || quantityValue(most) >= sizeOf(claim)) return [];
  const then = putObject(persistentVolumeClaim, withSize(claim, most));
  return [
    {
      sort: 'less storage',
      summary: `ask for ${most} in claim ${claim.metadata.name}, which is what the driver has left for node ${node.name}, instead of ${claim.spec.resources?.requests?.['storage'] ?? ''}`,
      cost: 3,
      effects: [then],
    },
  ];
}

/** To have volumes made where the node is, too. */
export function otherPlaces(_claim: Claim, found: StorageClass, { node }: Case): readonly Step[] {
  const terms = found.allowedTopologies ?? [];
  return terms.slice(0, 1).flatMap(({ matchLabelExpressions = [] }) => {
    const lacking = matchLabelExpressions.filter(({ key, values }) => !values.includes(node.labels[key] ?? ''));
    const here = lacking.map(({ key }) => [key, node.labels[key]] as const);
    if (here.length === 0 || here.some(([, value]) => value === undefined)) return [];
    const widened = matchLabelExpressions.map(({ key, values }) => ({
      key,
      values: values.includes(node.labels[key] ?? '') ? values : [...values, node.labels[key] ?? ''],
    }));
    const allowedTopologies = [{ matchLabelExpressions: widened }, ...terms.slice(1)];
    return [
      {
        sort: 'allow topology',
        summary: `let class ${found.metadata.name} make volumes where ${here.map(([key, value]) => `${key}=${value}`).join(' and ')}, too`,
        cost: 4,
        effects: [putObject(storageClass, { ...found, allowedTopologies })],
      },
    ];
  });
}

/** Volumes of the class within reach that the claim, or who had them before, just misses. */
export function nearVolumes(claim: Claim, { node, whatIf: { snapshot } }: Case): readonly Step[] {
  const { name, namespace } = claim.metadata;
  const near = snapshot.objects
    .list(persistentVolume)
    .filter(
      (volume) =>
        (volume.spec.storageClassName ?? '') === (claim.spec.storageClassName ?? '') &&
        !volume.metadata.deletionTimestamp &&
        isReachable(volume, node.node),
    );
  const waits =
    snapshot.objects.get(storageClass, claim.spec.storageClassName ?? '')?.volumeBindingMode === 'WaitForFirstConsumer';
  const step = (told: Pick<Step, 'sort' | 'summary' | 'cost'>, then: Claim, volume: Volume, before?: Volume): Step => ({
    ...told,
    // Who does not wait for a pod is bound by the controller.
    effects: waits
      ? [putObject(persistentVolumeClaim, then), putObject(persistentVolume, volume)]
      : bound(then, volume),
    deeds: before
      ? [editObject(persistentVolume, { ...before, spec: volume.spec })]
      : [putObject(persistentVolumeClaim, then)],
  });
  const smaller = near
    .filter(
      (volume) => !volume.spec.claimRef && volume.status?.phase === 'Available' && capacityOf(volume) < sizeOf(claim),
    )
    .toSorted((a, b) => capacityOf(b) - capacityOf(a))
    .slice(0, 1)
    .map((volume) => {
      const most = volume.spec.capacity?.['storage'] ?? '0';
      const summary = `ask for ${most} in claim ${name}, which is what the largest free volume ${volume.metadata.name} has, instead of ${claim.spec.resources?.requests?.['storage'] ?? ''}`;
      return step({ sort: 'less storage', summary, cost: 3 }, withSize(claim, most), volume);
    });
  const released = near
    .filter((volume) => volume.status?.phase === 'Released' && capacityOf(volume) >= sizeOf(claim))
    .slice(0, VOLUMES_MAX)
    .map((volume) => {
      const { claimRef: before, ...spec } = volume.spec;
      const free: Volume = { ...volume, spec, status: { ...volume.status, phase: 'Available' } };
      const owner = `${before?.namespace ?? namespace}/${before?.name ?? ''}`;
      const summary = `give volume ${volume.metadata.name} free, which claim ${owner} had before (what is in it stays)`;
      return step({ sort: 'free volume', summary, cost: 3.5 }, claim, free, volume);
    });
  return [...smaller, ...released];
}
