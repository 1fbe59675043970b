import { neededFeatures, type Pod } from '@navarch/api';

/** What not every node of a cluster may have (KEP-5328): pods that need it go where it is declared, and nowhere else. */
export const DECLARED_FEATURES: readonly string[] = [
  'ExtendWebSocketsToKubelet',
  'InPlacePodLevelResourcesVerticalScaling',
  'InPlacePodVerticalScalingInitContainers',
  'RestartAllContainersOnContainerExits',
];

/** What the pod is made of, and this node has not. */
export const missingFeatures = ({ spec }: Pod): readonly string[] =>
  neededFeatures(spec).filter((feature) => !DECLARED_FEATURES.includes(feature));
