import type { Container, Pod, PodSpec } from '@navarch/api';
import type { Mutable } from '@navarch/machinery';

export const MIRROR = 'kubernetes.io/config.mirror';

/** Written by a kubelet to show a pod of its own disk: nothing decides about it but that node. */
export const isMirrorPod = ({ metadata }: Pick<Pod, 'metadata'> | Mutable<Pick<Pod, 'metadata'>>): boolean =>
  metadata.annotations?.[MIRROR] !== undefined;

/** Every container of a pod, with the path its errors are told by. */
export function containersOf(spec: PodSpec): readonly { readonly container: Container; readonly path: string }[] {
  const placed = (
    containers: readonly Container[] = [],
    list: string,
  ): readonly { container: Container; path: string }[] =>
    containers.map((container, i) => ({ container, path: `spec.${list}[${i}]` }));
  return [
    ...placed(spec.initContainers, 'initContainers'),
    ...placed(spec.containers, 'containers'),
    ...placed(spec.ephemeralContainers as readonly Container[] | undefined, 'ephemeralContainers'),
  ];
}
