import { defineVolumePlugin } from './volume-plugin.ts';

/** An image's files (KEP-4639). The runtime mounts it: the kubelet brings the image before the container is made. */
export const image = defineVolumePlugin({
  source: 'image',
  isLive: false,
  isReadOnly: true,
  setUp: async () => undefined,
  tearDown: async () => undefined,
});
