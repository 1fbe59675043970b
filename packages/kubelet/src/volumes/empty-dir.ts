import { type Container, type Pod, podLimits } from '@navarch/api';
import { quantityValue } from '@navarch/machinery';
import { defineVolumePlugin, removeVolume, type VolumeHost } from './volume-plugin.ts';
import { VolumeError } from './volume-error.ts';

/** A folder that lives as long as the pod, on the node's disk, in memory, or in huge pages. */
export const emptyDir = defineVolumePlugin({
  source: 'emptyDir',
  isLive: false,
  isReadOnly: false,
  async setUp({ source, dir, pod }, { files, allocatable }) {
    const mode = source.mode ?? 0o777;
    await files.makeDir(dir, mode);
    if (source.medium && !(await files.isOwnFileSystem(dir))) {
      await files.mount(
        dir,
        source.medium === 'Memory'
          ? { type: 'tmpfs', options: [`size=${memorySize(source.sizeLimit, pod, allocatable)}`] }
          : { type: 'hugetlbfs', options: [`pagesize=${pageSize(source.medium, pod)}`] },
      );
      await files.chmod(dir, mode);
    }
    const group = pod.spec.securityContext?.fsGroup;
    if (group !== undefined) await files.ownTree(dir, Number(group), { isWritable: true, onRootMismatch: true });
  },
  tearDown: removeVolume,
});

/** Bytes: the smallest of what the volume, the pod and the node allow (KEP-1967). */
export function memorySize(sizeLimit: string | undefined, pod: Pod, allocatable: VolumeHost['allocatable']): number {
  const limits = [sizeLimit, podMemoryLimit(pod), allocatable['memory']]
    .map(quantityValue)
    .filter((bytes) => bytes > 0);
  return Math.min(...limits);
}

/** The pod has a limit when each of its containers has one. */
function podMemoryLimit({ spec }: Pod): string | undefined {
  const hasLimits = spec.containers.every((c) => c.resources?.limits?.['memory'] !== undefined);
  return hasLimits || spec.resources?.limits?.['memory'] !== undefined ? podLimits(spec)['memory'] : undefined;
}

const PAGES = 'hugepages-';

/** `HugePages` is whatever size the pod's containers ask for, if it is one; `HugePages-2Mi` says it. */
function pageSize(medium: string, { spec }: Pod): string {
  const asked = new Set(
    [...(spec.initContainers ?? []), ...spec.containers].flatMap((c: Container) =>
      Object.keys(c.resources?.requests ?? {})
        .filter((name) => name.startsWith(PAGES))
        .map((name) => name.slice(PAGES.length)),
    ),
  );
  const one = /^HugePages-(.+)$/.exec(medium)?.[1];
  if (one === undefined && medium !== 'HugePages')
    throw new VolumeError(`unknown storage medium ${JSON.stringify(medium)}`);
  if (one === undefined && asked.size > 1)
    throw new VolumeError(`medium: ${medium} can't be used if container requests multiple huge page sizes`);
  const [size] = [...asked].filter((each) => one === undefined || each === one);
  if (size === undefined)
    throw new VolumeError(
      `medium ${medium}: hugePages storage requested, but there is no resource request for huge pages`,
    );
  return size;
}
