import { type DeviceGifts, giftsOf } from '../devices/container-devices.ts';

/** What a container has of the node beyond its shares: nothing of it is guessed when it starts, all was given before. */
export interface ContainerPart extends DeviceGifts {
  /** As the kernel writes them; empty where the container runs anywhere. */
  readonly cpus: string;
  readonly memoryNodes: string;
  readonly hasOwnCpus: boolean;
}

/** Of a container that asks for nothing that cannot be shared. */
export const plainPart: ContainerPart = { ...giftsOf([]), cpus: '', memoryNodes: '', hasOwnCpus: false };
