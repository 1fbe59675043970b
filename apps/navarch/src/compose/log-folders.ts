import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Logger } from '@navarch/base';
import { type cri, POD_NAME, POD_NAMESPACE } from '@navarch/kubelet';
import type { NodeMount } from '../kind-config/cluster-plan.ts';

/** Where whoever collects logs looks for them, on whatever node: files by pod, and links to them by container. */
const PODS = '/var/log/pods';
const CONTAINERS = '/var/log/containers';

const linksIn = (dataDir: string): string => join(dataDir, 'container-logs');
export const podLogsIn = (dataDir: string): string => join(dataDir, 'pod-logs');

/** Pods that mount the folders of logs from where they usually are get those of their node. */
export const logMounts = (dataDir: string): readonly NodeMount[] => [
  { hostPath: podLogsIn(dataDir), containerPath: PODS, readOnly: false },
  { hostPath: linksIn(dataDir), containerPath: CONTAINERS, readOnly: false },
];

const FILE_NAME_CHARS_MAX = 255;
const END = '.log';

/**
 * A runtime whose containers' logs have links by the names that upstream's kubelet gives them, `POD_NAMESPACE_CONTAINER-ID.log`.
 * They lead to where pods see the files. Links of containers that went while nobody looked are taken away by the way.
 */
export async function linkingLogs(
  runtime: cri.ContainerRuntime,
  { dataDir, log }: { readonly dataDir: string; readonly log: Logger },
  signal: AbortSignal,
): Promise<cri.ContainerRuntime> {
  const folder = linksIn(dataDir);
  await mkdir(folder, { recursive: true });
  const { containers } = await runtime.listContainers({}, signal);
  const there = new Set(containers.map(({ id }) => id));
  for (const name of await readdir(folder)) if (!there.has(idIn(name))) await rm(join(folder, name), { force: true });
  /** What is made and not started yet. */
  const pending = new Map<string, { readonly name: string; readonly target: string }>();
  const told = (error: unknown): void => log.warn('a container has no link to its log', { error });
  const remove = async (id: string): Promise<void> => {
    pending.delete(id);
    for (const name of await readdir(folder)) if (idIn(name) === id) await rm(join(folder, name), { force: true });
  };
  return {
    ...runtime,
    async createContainer(request, during) {
      const made = await runtime.createContainer(request, during);
      const { config, sandboxConfig } = request;
      const { labels = {}, metadata, logPath } = config ?? {};
      const stem = `${labels[POD_NAME]}_${labels[POD_NAMESPACE]}_${metadata?.name}`;
      if (logPath && sandboxConfig?.logDirectory)
        pending.set(made.containerId, {
          name: nameOf(stem, made.containerId),
          target: join(PODS, basename(sandboxConfig.logDirectory), logPath),
        });
      return made;
    },
    async startContainer(request, during) {
      const answer = await runtime.startContainer(request, during);
      const link = pending.get(request.containerId ?? '');
      pending.delete(request.containerId ?? '');
      if (link) await symlink(link.target, join(folder, link.name)).catch(told);
      return answer;
    },
    async removeContainer(request, during) {
      const answer = await runtime.removeContainer(request, during);
      await remove(request.containerId ?? '').catch(told);
      return answer;
    },
  };
}

/** As upstream, but that a long name loses of its pod, not of the container's id, by which it is found again. */
const nameOf = (stem: string, id: string): string =>
  `${stem.slice(0, FILE_NAME_CHARS_MAX - END.length - id.length - 1)}-${id}${END}`;
const idIn = (name: string): string => name.slice(name.lastIndexOf('-') + 1, -END.length);
