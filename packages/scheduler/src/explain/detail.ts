import type { Pod } from '@navarch/api';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { deviceDetail } from './devices/device-lacks.ts';
import { keeping } from './remedies/node-state.ts';
import { amountText, shortfalls } from './remedies/room.ts';
import { lacksOf } from './remedies/selection.ts';
import { portDetail, skewDetail } from './neighbour-detail.ts';
import { bindingDetail, zoneDetail } from './volume-detail.ts';
import type { WhatIf } from './what-if.ts';

interface About {
  readonly pod: Pod;
  readonly node: NodeInfo;
  readonly whatIf: WhatIf;
}

/** What upstream's words leave out, of the plugins that have more to say. */
const details: Readonly<Record<string, (about: About) => readonly string[]>> = {
  NodeResourcesFit: (about) =>
    shortfalls(about).map(
      ({ resource, asked, free, allocatable }) =>
        `asks for ${amountText(resource, asked)}, ${amountText(resource, free)} of ${amountText(resource, allocatable)} is free`,
    ),
  TaintToleration: (about) =>
    keeping(about).map(({ key, value = '', effect }) => `${key}${value === '' ? '' : `=${value}`}:${effect}`),
  DynamicResources: deviceDetail,
  VolumeBinding: bindingDetail,
  VolumeZone: zoneDetail,
  NodeAffinity: ({ pod, node: { node } }) => lacksOf(pod, node),
  NodePorts: portDetail,
  PodTopologySpread: skewDetail,
};

export const detailOf = (plugin: string, about: About): string => details[plugin]?.(about).join('; ') ?? '';
