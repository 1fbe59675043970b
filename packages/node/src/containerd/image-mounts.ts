import type { ImageMounts } from '@navarch/kubelet';
import { ctr } from './ctr.ts';
import { readIfThere } from './write-file.ts';
import { snapshotterOf } from './snapshotter.ts';
import type { Containerd } from './start.ts';

/** What containerd's collector takes for a root, it never removes, nor what that is made of. */
const KEPT = 'containerd.io/gc.root=mounted';

/**
 * Mounts images as folders by containerd's own snapshots: for releases before 2.1, whose CRI mounts none. A snapshot is
 * named after its folder; one that a crash left behind is used again, or goes with its lease after a day. One that is mounted
 * is kept for as long as it is: a pod may run for more than a day, and its image may be removed meanwhile.
 */
export function containerdImageMounts(containerd: Containerd, signal: AbortSignal): ImageMounts {
  const snapshotter = ['--snapshotter', snapshotterOf(readIfThere(containerd.layout.config) ?? '') ?? 'overlayfs'];
  return {
    async mount(ref, path) {
      await ctr(containerd, ['images', 'mount', ...snapshotter, ref, path], signal);
      await ctr(containerd, ['snapshots', ...snapshotter, 'label', path, KEPT], signal);
    },
    async unmount(path) {
      await ctr(containerd, ['images', 'unmount', ...snapshotter, '--rm', path], signal);
    },
  };
}
