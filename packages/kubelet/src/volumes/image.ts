import { defineVolumePlugin, removeVolume } from './volume-plugin.ts';

/**
 * An image's files (KEP-4639). They are brought, and shown on the node where the runtime does not mount images itself,
 * before a container is made that mounts them: what may be wrong with an image is told of the container.
 */
export const image = defineVolumePlugin({
  source: 'image',
  isLive: false,
  isReadOnly: true,
  setUp: async () => undefined,
  async tearDown(dir, host) {
    await host.releaseImage(dir);
    await removeVolume(dir, host);
  },
});
