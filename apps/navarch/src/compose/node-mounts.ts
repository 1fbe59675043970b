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
      const shown = (config.mounts ?? []).map((mount) => {
        const found = mountOf(mount.hostPath ?? '', mounts);
        if (!found) return mount;
        const readonly = found.readOnly || (mount.readonly ?? false);
        return { ...mount, hostPath: onHost(mount.hostPath ?? '', mounts), readonly };
      });
      return runtime.createContainer({ ...request, config: { ...config, mounts: shown } }, signal);
    },
  };
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
