import { type Mount, readMounts } from '../mounts.ts';
import { cgroupsV1, type ControllerFolders } from './v1.ts';
import { cgroupsV2 } from './v2.ts';
import type { Cgroups } from './port.ts';
import { readText } from './files.ts';

export type CgroupLayout =
  | { readonly version: 1; readonly controllers: ControllerFolders }
  | { readonly version: 2; readonly tree: string };

/** Controllers without which runc starts nothing. */
const requiredControllers = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'pids'] as const;

/**
 * Which cgroup version counts, by the mounts: v1 when a controller is mounted as v1, even with an (empty) unified tree
 * beside it; v2 when only the unified tree is there. Undefined when none is mounted.
 */
export function cgroupLayout(mounts: readonly Mount[]): CgroupLayout | undefined {
  const v1 = mounts.filter((mount) => mount.type === 'cgroup');
  const controllers = new Map(
    v1.flatMap((mount) =>
      mount.superOptions
        .filter(
          (option) => /^[a-z_]+$/.test(option) && !['rw', 'ro', 'xattr', 'clone_children', 'noprefix'].includes(option),
        )
        .map((option) => [option, mount.path] as const),
    ),
  );
  // Trees without controllers (name=systemd, the unified one of a hybrid host): runc puts its processes there too,
  // so groups must be removed from them as well.
  for (const mount of mounts) {
    const name =
      mount.type === 'cgroup2' ? 'name=unified' : mount.superOptions.find((option) => option.startsWith('name='));
    if (name && mount.type.startsWith('cgroup')) controllers.set(name, mount.path);
  }
  if ([...controllers.keys()].some((name) => !name.startsWith('name='))) return { version: 1, controllers };
  const unified = mounts.findLast((mount) => mount.type === 'cgroup2');
  return unified ? { version: 2, tree: unified.path } : undefined;
}

/** The control groups of this host. Throws when none are mounted: ask `probeHost()` first. */
export function openCgroups(mounts: readonly Mount[] = readMounts()): Cgroups {
  const layout = cgroupLayout(mounts);
  if (!layout) throw new Error('no control groups are mounted on this host');
  return layout.version === 1 ? cgroupsV1(layout.controllers) : cgroupsV2(layout.tree);
}

/** Controllers that containers need and this host does not offer. */
export function missingControllers(layout: CgroupLayout): readonly string[] {
  if (layout.version === 1) return requiredControllers.filter((name) => !layout.controllers.has(name));
  const available = (readText(`${layout.tree}/cgroup.controllers`) ?? '').split(/\s+/);
  return ['cpu', 'cpuset', 'memory', 'pids'].filter((name) => !available.includes(name));
}
