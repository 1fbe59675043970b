import type { Pod } from '@navarch/api';
import type { Mutable } from '@navarch/machinery';

export const MIRROR = 'kubernetes.io/config.mirror';

/** Written by a kubelet to show a pod of its own disk: nothing decides about it but that node. */
export const isMirrorPod = ({ metadata }: Pick<Pod, 'metadata'> | Mutable<Pick<Pod, 'metadata'>>): boolean =>
  metadata.annotations?.[MIRROR] !== undefined;
