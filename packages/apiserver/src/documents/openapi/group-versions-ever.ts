import { releasedResources } from '@navarch/api';
import { GONE_VERSIONS } from '../../features/runtime-config.ts';

/** Types that every group has are known in these too, of which nothing is served (from the Go module k8s.io/api v0.37.2). */
const NEVER_SERVED = [
  'admission.k8s.io/v1',
  'admission.k8s.io/v1beta1',
  'apiextensions.k8s.io/v1beta1',
  'apiregistration.k8s.io/v1beta1',
  'imagepolicy.k8s.io/v1alpha1',
  'scheduling.k8s.io/v1alpha3',
] as const;

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

function parsed(text: string): GroupVersion {
  const at = text.indexOf('/');
  return { group: text.slice(0, at), version: text.slice(at + 1) };
}

const isBefore = (a: GroupVersion, b: GroupVersion): boolean =>
  a.group < b.group || (a.group === b.group && a.version < b.version);

/** What belongs to every group belongs to this one first. */
export const CORE: GroupVersion = { group: '', version: 'v1' };

/** Every version of every group that the release has types of, in order. */
export const groupVersionsEver: readonly GroupVersion[] = [
  ...new Set([
    ...releasedResources.map(({ group, version }) => `${group}/${version}`),
    ...GONE_VERSIONS,
    ...NEVER_SERVED,
  ]),
]
  .map(parsed)
  .sort((a, b) => (isBefore(a, b) ? -1 : 1));
