import { keyOf } from '@navarch/machinery';
import { editPod, quoted, type Remedy } from '../step.ts';
import { freeDevices } from './device-holders.ts';
import { askOtherwise, deviceNames } from './devices.ts';
import { company, spread } from './neighbours.ts';
import { tolerate, uncordon } from './node-state.ts';
import { askForLess, dropHostPort, freeElsewhere, freeOnNode } from './room.ts';
import { select } from './selection.ts';
import { outOfReach, zoneSlips } from './volume-places.ts';
import { volumes } from './volumes.ts';

/**
 * What may help against what a plugin says, by its name. They are guesses: none is told before the plugins themselves
 * have agreed, so nothing here has to know their rules. A plugin that is not here has no remedy.
 */
export const remedies: Readonly<Record<string, readonly Remedy[]>> = {
  SchedulingGates: [
    ({ pod }) =>
      pod.spec.schedulingGates?.length
        ? [
            {
              sort: 'ungate',
              summary: `remove the scheduling ${pod.spec.schedulingGates.length === 1 ? 'gate' : 'gates'} ${pod.spec.schedulingGates.map(({ name }) => name).join(', ')} that somebody set`,
              cost: 1,
              effects: [
                editPod((spec) => {
                  const { schedulingGates: _, ...rest } = spec;
                  return rest;
                }),
              ],
              isInPlace: true,
            },
          ]
        : [],
  ],
  NodeUnschedulable: [uncordon],
  TaintToleration: [tolerate],
  NodeAffinity: [select],
  NodePorts: [freeOnNode, dropHostPort],
  NodeResourcesFit: [freeOnNode, askForLess],
  VolumeRestrictions: [freeOnNode, freeElsewhere],
  NodeVolumeLimits: [freeOnNode],
  VolumeBinding: [volumes, outOfReach],
  VolumeZone: [outOfReach, zoneSlips],
  DynamicResources: [deviceNames, askOtherwise, freeDevices],
  PodTopologySpread: [freeElsewhere, spread],
  InterPodAffinity: [freeElsewhere, company],
};

/** Where nothing but a promise to others keeps the pod away. */
export const ofPromises: Remedy = ({ node, whatIf: { snapshot } }) => {
  const promised = [...snapshot.nominatedOn(node.name)].sort((a, b) => (keyOf(a.pod) < keyOf(b.pod) ? -1 : 1));
  return promised.length === 0
    ? []
    : [
        {
          sort: 'unpromise',
          summary: `remove ${promised.map(({ pod }) => `pod ${keyOf(pod)}`).join(', ')}, which was promised the room on node ${node.name}`,
          cost: 3 + promised.length,
          effects: promised.map(({ pod }) => ({ type: 'gone' as const, pod })),
          command: promised
            .map(({ pod }) => `kubectl delete pod -n ${pod.metadata.namespace} ${quoted(pod.metadata.name)}`)
            .join(' && '),
        },
      ];
};
