import {
  builtinKinds,
  componentStatus,
  earlierVersions,
  releasedResources,
  virtualKinds,
  youngKinds,
} from '@navarch/api';
import type { Kind } from '@navarch/machinery';
import type { FeatureGates, SwitchedFeature } from './feature-gates.ts';
import { type Offer, type OfferedResource, parseRuntimeConfig, type RuntimeConfig } from './runtime-config.ts';

/** What the release has of resources, and what of that this server can serve. */
const offer: Offer = {
  known: releasedResources,
  had: [...builtinKinds, ...youngKinds, ...earlierVersions, ...virtualKinds, componentStatus],
};

/** As `parseRuntimeConfig`, for the resources of this server. */
export const runtimeConfigOf = (pairs: readonly string[]): RuntimeConfig => parseRuntimeConfig(pairs, offer);

/** Resources that a feature brings, by `group/resource`. */
const NEEDS: Readonly<Record<string, SwitchedFeature>> = {
  'certificates.k8s.io/clustertrustbundles': 'ClusterTrustBundle',
  'certificates.k8s.io/podcertificaterequests': 'PodCertificateRequest',
  'coordination.k8s.io/leasecandidates': 'CoordinatedLeaderElection',
  'lifecycle.k8s.io/evictionrequests': 'EvictionRequestAPI',
  'lifecycle.k8s.io/evictions': 'EvictionRequestAPI',
  'resource.k8s.io/resourcepoolstatusrequests': 'DRAResourcePoolStatus',
  'scheduling.k8s.io/compositepodgroups': 'CompositePodGroup',
  'scheduling.k8s.io/podgroups': 'GenericWorkload',
  'scheduling.k8s.io/workloads': 'GenericWorkload',
};

export interface ServedKinds {
  /** Everything that is stored, whether it is served or not: the server uses some of it itself. */
  readonly stored: readonly Kind<any>[];
  /** What is asked and never stored. */
  readonly virtual: readonly Kind<any>[];
  isServed(kind: OfferedResource): boolean;
  /** What was asked for along with others and is not had: `group/version/resource`. */
  readonly lacking: readonly string[];
}

/** Which of the built-in kinds are served. */
export function servedKinds(config: RuntimeConfig, features: FeatureGates): ServedKinds {
  const isServed = (kind: OfferedResource): boolean => {
    const feature = NEEDS[`${kind.group}/${kind.plural}`];
    return config.isOn(kind) && (feature === undefined || features.isOn(feature));
  };
  const isSame =
    (a: OfferedResource) =>
    (b: OfferedResource): boolean =>
      a.group === b.group && a.version === b.version && a.plural === b.plural;
  const asked = [...youngKinds, ...earlierVersions].filter(isServed);
  // What is stored in a version that is not served is kept all the same.
  const stored = new Set([...builtinKinds, ...asked.flatMap(({ hub }) => (hub ? [hub.kind] : [])), ...asked]);
  return {
    stored: [...stored],
    virtual: virtualKinds.filter(isServed),
    isServed,
    lacking: offer.known
      .filter((one) => config.isOn(one) && !offer.had.some(isSame(one)))
      .map(({ group, version, plural }) => `${group}/${version}/${plural}`),
  };
}
