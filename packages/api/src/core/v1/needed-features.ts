import { equalJson } from '@navarch/machinery';
import type { PodSpec } from '../../generated/types/core-v1.ts';
import { isSidecar } from './pod-resources.ts';

/**
 * Features that a node has to have for a pod, in the order of their names: those of which nodes tell whether they have them,
 * as long as there may be nodes without (KEP-5328).
 */
export function neededFeatures(spec: PodSpec): readonly string[] {
  const { containers, initContainers = [], hostNetwork, hostUsers } = spec;
  const all = initContainers.length > 0 ? [...containers, ...initContainers] : containers;
  const needed: string[] = [];
  if (all.some(restartsAll)) needed.push('RestartAllContainersOnContainerExits');
  if (hostNetwork && hostUsers === false) needed.push('UserNamespacesHostNetworkSupport');
  if (all.some(hasMountOptions)) needed.push('VolumeBindMountOptions');
  return needed.length > 0 ? needed : NONE;
}

/** The same for a change of a pod that is on a node already. */
export function featuresOfChange(next: PodSpec, previous: PodSpec): readonly string[] {
  const needed: string[] = [];
  if (!equalJson(next.resources ?? {}, previous.resources ?? {}))
    needed.push('InPlacePodLevelResourcesVerticalScaling');
  const resizesInit = (container: Container, i: number): boolean =>
    !isSidecar(container) && !equalJson(container.resources ?? {}, next.initContainers?.[i]?.resources ?? {});
  if (previous.initContainers?.some(resizesInit)) needed.push('InPlacePodVerticalScalingInitContainers');
  return needed.length > 0 ? needed : NONE;
}

const NONE: readonly string[] = [];

type Container = PodSpec['containers'][number];

const restartsAll = ({ restartPolicyRules }: Container): boolean =>
  restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers') ?? false;

const hasMountOptions = ({ volumeMounts }: Container): boolean =>
  volumeMounts?.some(({ bindMountOptions = [] }) => bindMountOptions.length > 0) ?? false;
