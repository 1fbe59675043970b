import { definePlugin } from '../plugin.ts';

// Upstream's bounds: less than this does not matter; more than this does not matter more (per image).
const BYTES_MIN = 23 * 1024 * 1024;
const BYTES_MAX_PER_IMAGE = 1000 * 1024 * 1024;

interface Wanted {
  readonly images: readonly {
    readonly name: string;
    /** Share of all nodes that have it. */ readonly spread: number;
  }[];
  /** How many images the pod has at all: of containers, and mounted as volumes. */
  readonly wanted: number;
}

/** Prefers nodes that hold the images already; an image that few nodes have counts less, so that not all pods run to them. */
export const imageLocality = definePlugin<undefined, Wanted>({
  name: 'ImageLocality',
  scope: 'cluster',
  wakesOn: [],
  weigh({ spec }, snapshot) {
    const wanted = [
      ...[...(spec.initContainers ?? []), ...spec.containers].map(({ image = '' }) => image),
      ...(spec.volumes ?? []).flatMap(({ image }) => (image ? [image.reference ?? ''] : [])),
    ];
    const images = wanted.flatMap((image) => {
      const name = withTag(image);
      const count = snapshot.nodesWithImage(name);
      return count > 0 ? [{ name, spread: count / snapshot.nodes.length }] : [];
    });
    return images.length > 0 ? { images, wanted: wanted.length } : undefined;
  },
  score(_pod, { images: held }, { images, wanted }) {
    let bytes = 0;
    for (const { name, spread } of images) bytes += Math.floor((held.get(name) ?? 0) * spread);
    const max = BYTES_MAX_PER_IMAGE * wanted;
    return Math.floor((100 * (Math.min(Math.max(bytes, BYTES_MIN), max) - BYTES_MIN)) / (max - BYTES_MIN));
  },
});

/** Nodes report images with their tags: no tag means `latest`. */
const withTag = (image: string): string =>
  image.lastIndexOf(':') <= image.lastIndexOf('/') && !image.includes('@') ? `${image}:latest` : image;
