import type { ImageMounts } from '@navarch/kubelet';
import { ctr } from './ctr.ts';
import { readIfThere } from './write-file.ts';
import { snapshotterOf } from './snapshotter.ts';
import type { Containerd } from './start.ts';

/**
 * Mounts images as folders by containerd's own snapshots: for releases before 2.1, whose CRI mounts none. A snapshot is
 * named after its folder; one that a crash left behind is used again, or goes with its lease after a day.
 */
export function containerdImageMounts(containerd: Containerd, signal: AbortSignal): ImageMounts {
  const snapshotter = ['--snapshotter', snapshotterOf(readIfThere(containerd.layout.config) ?? '') ?? 'overlayfs'];
  return {
    async mount(ref, path) {
      await ctr(containerd, ['images', 'mount', ...snapshotter, ref, path], signal);
    },
    async unmount(path) {
      await ctr(containerd, ['images', 'unmount', ...snapshotter, '--rm', path], signal);
    },
  };
}
