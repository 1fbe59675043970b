import type { Field } from '@navarch/machinery';
import { each } from '../../checks/values.ts';
import type { DownwardAPIVolumeFile, KeyToPath } from '../../generated/types/core-v1.ts';
import { fieldSelector, resourceSelector } from './environment-validation.ts';
import { nonReservedPath } from './volume-sources.ts';

// Files that volumes are made of.

const FILE_MODE = 'must be a number between 0 and 0777 (octal), both inclusive';

export function fileMode(mode: number | undefined, at: Field): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) at.invalid(mode, FILE_MODE);
}

export const keysToPaths = (items: readonly KeyToPath[] | undefined, at: Field): void => each(items, at, keyToPath);

export function keyToPath({ key, path, mode }: KeyToPath, at: Field): void {
  if (!key) at.at('key').required();
  if (!path) at.at('path').required();
  else nonReservedPath(path, at.at('path'));
  fileMode(mode, at.at('mode'));
}

export function downwardFile(file: DownwardAPIVolumeFile, at: Field): void {
  if (!file.path) at.at('path').required();
  else nonReservedPath(file.path, at.at('path'));
  if (file.fieldRef) {
    fieldSelector(file.fieldRef, 'volume', at.at('fieldRef'));
    if (file.resourceFieldRef)
      at.invalid('resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  } else if (file.resourceFieldRef) resourceSelector(file.resourceFieldRef, true, at.at('resourceFieldRef'));
  else at.required('one of fieldRef and resourceFieldRef is required');
  fileMode(file.mode, at.at('mode'));
}
