import { csiStorageCapacity, persistentVolume } from '@navarch/api';
import { compileLabelSelector } from '@navarch/machinery';
import { claimsOf, isBound, type PodClaim, type Volume } from '../plugins/pod-claims.ts';
import { isReachable } from '../plugins/volume-binding.ts';
import { placesOf } from '../plugins/volume-zone.ts';
import type { Case } from './step.ts';

type About = Pick<Case, 'pod' | 'node' | 'whatIf'>;

/** Where the volumes are that this node is not with. */
export const zoneDetail = ({ pod, node, whatIf: { snapshot } }: About): readonly string[] =>
  placesOf(pod, snapshot)
    .filter(({ label, values }) => !values.has(node.labels[label] ?? ''))
    .map(({ label, values, volume }) => {
      const here = node.labels[label];
      return `volume ${volume} is in ${label}=${[...values].join(' or ')}, the node in ${here ?? 'none'}`;
    });

export const bindingDetail = (about: About): readonly string[] => {
  const { snapshot } = about.whatIf;
  return claimsOf(snapshot.templateOf(about.pod), snapshot.objects).flatMap((each): readonly string[] => {
    const { claim, volume, name } = each;
    if (!claim) return [];
    if (!isBound(claim)) return [openText(each, about)];
    if (!volume) return [`volume ${claim.spec.volumeName} of claim ${name} is gone`];
    return isReachable(volume, about.node.node)
      ? []
      : [`volume ${volume.metadata.name} of claim ${name} is reached from ${reachText(volume)}`];
  });
};

const reachText = ({ spec }: Volume): string =>
  (spec.nodeAffinity?.required?.nodeSelectorTerms ?? [])
    .map(({ matchExpressions = [] }) =>
      matchExpressions
        .map(({ key, operator, values = [] }) => `${key} ${operator} (${values.join(', ')})`)
        .join(' and '),
    )
    .join(' or ');

function openText({ claim, name, storageClass }: PodClaim, { node, whatIf: { snapshot } }: About): string {
  const className = claim?.spec.storageClassName ?? '';
  const size = claim?.spec.resources?.requests?.['storage'] ?? '0';
  const volumes = snapshot.objects
    .list(persistentVolume)
    .filter(({ spec }) => (spec.storageClassName ?? '') === className);
  const free = volumes.filter((volume) => volume.status?.phase === 'Available' && isReachable(volume, node.node));
  const space = snapshot.objects
    .list(csiStorageCapacity)
    .filter(
      (each) => each.storageClassName === className && compileLabelSelector(each.nodeTopology).matches(node.labels),
    )
    .map(({ capacity, maximumVolumeSize }) => maximumVolumeSize ?? capacity ?? '0');
  const topologies = (storageClass?.allowedTopologies ?? []).flatMap(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.map(({ key, values }) => `${key} in (${values.join(', ')})`),
  );
  return [
    `claim ${name} asks for ${size} of class ${className === '' ? 'none' : className}`,
    className !== '' && !storageClass
      ? 'which does not exist'
      : `${free.length} of ${volumes.length} volumes of it are free and within reach`,
    ...(topologies.length > 0 ? [`new ones are made where ${topologies.join(' or ')}`] : []),
    ...(space.length > 0 ? [`its driver has ${space.join(', ')} left here`] : []),
  ].join(', ');
}
