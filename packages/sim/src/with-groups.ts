import { parseFeatureGates, runtimeConfigOf } from '@navarch/apiserver';

/** What a server is told that has groups of pods: off at first, as upstream. */
export const withGroups = {
  features: parseFeatureGates([
    'GenericWorkload=true',
    'TopologyAwareWorkloadScheduling=true',
    'DRAWorkloadResourceClaims=true',
    'WorkloadWithJob=true',
    'PodGroupPreemptionPolicy=true',
  ]),
  runtimeConfig: runtimeConfigOf(['scheduling.k8s.io/v1beta1=true']),
};
