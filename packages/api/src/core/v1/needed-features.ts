import type { PodSpec } from '../../generated/types/core-v1.ts';

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

const NONE: readonly string[] = [];

type Container = PodSpec['containers'][number];

const restartsAll = ({ restartPolicyRules }: Container): boolean =>
  restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers') ?? false;

const hasMountOptions = ({ volumeMounts }: Container): boolean =>
  volumeMounts?.some(({ bindMountOptions = [] }) => bindMountOptions.length > 0) ?? false;
