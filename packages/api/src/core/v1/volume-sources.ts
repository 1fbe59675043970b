import { dnsSubdomainErrors, type Field } from '@navarch/machinery';
import type { HostPathVolumeSource } from '../../generated/types/core-v1.ts';
import { supportedValue } from '../../checks/values.ts';

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** A path that stays below where it begins. */
export function noBacksteps(path: string, at: Field): void {
  if (path.split('/').includes('..')) at.invalid(path, "must not contain '..'");
}

/** Relative, and staying below where it begins. */
export function descendingPath(path: string, at: Field): void {
  if (path.startsWith('/')) at.invalid(path, 'must be a relative path');
  noBacksteps(path, at);
}

/** A descending path that does not hide what the kubelet writes beside it. */
export function nonReservedPath(path: string, at: Field): void {
  descendingPath(path, at);
  if (path.startsWith('..') && !path.startsWith('../') && path !== '..') at.invalid(path, "must not start with '..'");
}

export function hostPathSource(source: HostPathVolumeSource, at: Field): void {
  if (!source.path) return at.at('path').required();
  noBacksteps(source.path, at.at('path'));
  if (source.type !== undefined) supportedValue(source.type, HOST_PATH_TYPES, at.at('type'));
}

/** The name of a CSI driver: at most 63 characters of a DNS subdomain. */
export function driverName(name: string, at: Field): void {
  if (!name) at.required();
  if (name.length > 63) at.tooLong(63);
  for (const error of dnsSubdomainErrors(name.toLowerCase())) at.invalid(name, error);
}
