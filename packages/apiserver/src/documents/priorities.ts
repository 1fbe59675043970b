/** Where a group stands among all, and a version in its group: what is higher comes first. */
export interface Priority {
  readonly group: number;
  readonly version: number;
}

/** In which order clients see the groups of the server. */
const GROUPS: Readonly<Record<string, number>> = {
  'apiregistration.k8s.io': 20_000,
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'resource.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'internal.apiserver.k8s.io': 16_000,
  'storagemigration.k8s.io': 15_800,
};
/** A group that upstream has come to since. */
const NEWER_GROUP = 15_700;

/** Versions that stand elsewhere than others of their stage. */
const VERSIONS: Readonly<Record<string, number>> = {
  v1: 1,
  'autoscaling/v2': 30,
  'admissionregistration.k8s.io/v1beta1': 12,
  'admissionregistration.k8s.io/v1alpha1': 9,
  'coordination.k8s.io/v1beta1': 13,
  'coordination.k8s.io/v1alpha2': 12,
  'flowcontrol.apiserver.k8s.io/v1': 21,
  'internal.apiserver.k8s.io/v1alpha1': 9,
  'resource.k8s.io/v1': 20,
  'resource.k8s.io/v1beta2': 15,
};
const STABLE = 15;
const BETA = 9;
const ALPHA = 1;

const CUSTOM: Priority = { group: 1000, version: 100 };

export function priorityOf({
  group,
  version,
  isCustom,
}: {
  readonly group: string;
  readonly version: string;
  readonly isCustom: boolean;
}): Priority {
  if (isCustom) return CUSTOM;
  const ofStage = version.includes('alpha') ? ALPHA : version.includes('beta') ? BETA : STABLE;
  return {
    group: GROUPS[group] ?? NEWER_GROUP,
    version: VERSIONS[group === '' ? version : `${group}/${version}`] ?? ofStage,
  };
}
