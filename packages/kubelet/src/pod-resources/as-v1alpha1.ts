import type * as v1alpha1 from '../pod-resources-v1alpha1/generated/types.ts';
import type { PodResources } from './generated/types.ts';

/** What agents are told that ask as before processors and memory were anybody's own: of devices only which they are. */
export const asV1alpha1 = ({ name, namespace, containers }: PodResources): v1alpha1.PodResources => ({
  name,
  namespace,
  containers: containers.map((container) => ({
    name: container.name,
    devices: container.devices.map(({ resourceName, deviceIds }) => ({ resourceName, deviceIds })),
  })),
});
