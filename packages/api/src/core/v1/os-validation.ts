import type { Field } from '@navarch/machinery';
import { each, supportedValue } from '../../checks/values.ts';
import type { Container, PodSpec } from '../../generated/types/core-v1.ts';

/** Fields that a node of the other operating system cannot honour. */
export function validateOs(spec: PodSpec, at: Field): void {
  const name = spec.os?.name ?? '';
  if (!name) at.at('os', 'name').required('cannot be empty');
  else supportedValue(name, ['linux', 'windows'], at.at('os'));
  if (name === 'linux') validateLinux(spec, at);
  if (name === 'windows') validateWindows(spec, at);
}

function eachContainer(spec: PodSpec, at: Field, check: (container: Container, at: Field) => void): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    each(spec[list] as readonly Container[] | undefined, at.at(list), check);
  }
}

function validateLinux(spec: PodSpec, at: Field): void {
  const refuse = (here: Field): void =>
    here.at('windowsOptions').forbidden('windows options cannot be set for a linux pod');
  if (spec.securityContext?.windowsOptions) refuse(at.at('securityContext'));
  eachContainer(spec, at, (container, here) => {
    if (container.securityContext?.windowsOptions) refuse(here.at('securityContext'));
  });
}

const OF_PODS = [
  'appArmorProfile',
  'seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'shareProcessNamespace',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const;
const OF_CONTAINERS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;
const OF_SPEC: readonly string[] = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'];

function validateWindows(spec: PodSpec, at: Field): void {
  const refuse = (here: Field): void => here.forbidden('cannot be set for a windows pod');
  for (const name of OF_PODS) {
    if (!OF_SPEC.includes(name)) {
      const value = spec.securityContext?.[name as keyof typeof spec.securityContext];
      if (value !== undefined && !(name === 'sysctls' && spec.securityContext?.sysctls?.length === 0))
        refuse(at.at('securityContext', name));
    } else if (isSet(spec, name)) refuse(at.at(name));
  }
  eachContainer(spec, at, (container, here) => {
    for (const name of OF_CONTAINERS)
      if (container.securityContext?.[name] !== undefined) refuse(here.at('securityContext', name));
  });
}

/** The host's namespaces are refused where they are asked for, the others where they are mentioned. */
const isSet = (spec: PodSpec, name: string): boolean => {
  const value = spec[name as 'hostPID'];
  return name === 'hostPID' || name === 'hostIPC' ? value === true : value !== undefined;
};
