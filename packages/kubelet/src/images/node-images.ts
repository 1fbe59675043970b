import type { ContainerImage } from '@navarch/api';
import type { ContainerRuntime } from '../cri/index.ts';

/** What a node's status has room for (upstream's). */
export const IMAGES_MAX = 50;
const NAMES_MAX = 5;

/** The largest images of the node, for its status: the scheduler prefers nodes that have what a pod needs. All where `countMax` is -1. */
export async function nodeImages(
  runtime: ContainerRuntime,
  countMax: number,
  signal: AbortSignal,
): Promise<readonly ContainerImage[]> {
  const { images } = await runtime.listImages({}, signal);
  return images
    .toSorted((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1))
    .slice(0, countMax < 0 ? images.length : countMax)
    .map(({ repoDigests, repoTags, size }) => ({
      names: [...repoDigests, ...repoTags].slice(0, NAMES_MAX),
      sizeBytes: size,
    }));
}
