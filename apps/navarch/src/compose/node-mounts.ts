import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { cri, KubeletDeps } from '@navarch/kubelet';
import { mountOf, onHost } from '../kind-config/on-host.ts';
import type { NodeMount } from '../kind-config/cluster-plan.ts';

type Files = KubeletDeps['files'];

/**
 * A node's own view of this machine's folders, for pods that mount folders of their node: nodes of one machine share its
 * file system, so what one has at a path is another path of the machine. A read-only one is so for every pod.
 */
export function mountingRuntime(runtime: cri.ContainerRuntime, mounts: readonly NodeMount[]): cri.ContainerRuntime {
  if (mounts.length === 0) return runtime;
  return {
    ...runtime,
    createContainer(request, signal) {
      const { config } = request;
      if (!config) return runtime.createContainer(request, signal);
      const shown = (config.mounts ?? []).flatMap((mount) => {
        const found = mountOf(mount.hostPath ?? '', mounts);
        if (!found) return [mount, ...below(mount, mounts)];
        const readonly = found.readOnly || (mount.readonly ?? false);
        return [{ ...mount, hostPath: onHost(mount.hostPath ?? '', mounts), readonly }];
      });
      return runtime.createContainer({ ...request, config: { ...config, mounts: shown } }, signal);
    },
  };
}

type Mount = NonNullable<cri.Input<cri.ContainerConfig>['mounts']>[number];

/**
 * What the node has below a folder that a pod mounts, where this machine has a folder to mount it on: who collects logs
 * mounts all of /var/log, and has to find its node's there. Right below a folder that is there one is made for it.
 */
function below(mount: Mount, mounts: readonly NodeMount[]): readonly Mount[] {
  const { hostPath = '', containerPath = '' } = mount;
  const root = hostPath.replace(/\/+$/, '');
  if (hostPath === '' || root === '') return [];
  return mounts
    .filter((inner) => inner.containerPath.startsWith(`${root}/`) && canCarry(inner.containerPath, root))
    .map((inner) => ({
      ...mount,
      hostPath: inner.hostPath,
      containerPath: `${containerPath.replace(/\/+$/, '')}${inner.containerPath.slice(root.length)}`,
      readonly: inner.readOnly || (mount.readonly ?? false),
    }));
}

function canCarry(path: string, root: string): boolean {
  if (existsSync(path)) return statSync(path).isDirectory();
  if (dirname(path) !== root || !existsSync(root)) return false;
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    // A file system that takes nothing: the pod finds there what this machine has.
    if (['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** The same for what the kubelet looks at itself, or makes, before a pod mounts it. */
export function mountingFiles(files: Files, mounts: readonly NodeMount[]): Files {
  if (mounts.length === 0) return files;
  const at = (path: string): string => onHost(path, mounts);
  return {
    ...files,
    kindOf: (path) => files.kindOf(at(path)),
    kindOfNamed: (path) => files.kindOfNamed(at(path)),
    makeDir: (path, mode) => files.makeDir(at(path), mode),
    write: (path, data, options) => files.write(at(path), data, options),
    bindMount: (source, path, options) => files.bindMount(at(source), path, options),
    bindInside: (root, inside, path) => files.bindInside(at(root), inside, path),
  };
}
