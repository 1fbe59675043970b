import type { Pod } from '@navarch/api';
import { quantityValue } from '@navarch/machinery';
import { bytesOf, fieldValue, resourceValue } from '../environment.ts';
import { type Payload, writeAtomically } from './atomic-writer.ts';
import { defineVolumePlugin, VolumeError, type VolumeHost, type VolumePlugin } from './volume-plugin.ts';

const groupOf = (pod: Pod): number | undefined => pod.spec.securityContext?.fsGroup;
const removeTree = (dir: string, { files }: VolumeHost): Promise<void> => files.removeTree(dir);

const emptyDir = defineVolumePlugin({
  source: 'emptyDir', isLive: false,
  async setUp({ source, dir, pod }, { files }) {
    await files.makeDir(dir, 0o777);
    if (source.medium === 'Memory' && !(await files.isMountPoint(dir))) {
      await files.mountTmpfs(dir, source.sizeLimit === undefined ? undefined : quantityValue(source.sizeLimit));
    }
    const group = groupOf(pod);
    if (group !== undefined) await files.chown(dir, 0, group);
  },
  async tearDown(dir, { files }) {
    if (await files.isMountPoint(dir)) await files.unmount(dir);
    await files.removeTree(dir);
  },
});

const hostPath = defineVolumePlugin({
  source: 'hostPath', isLive: false,
  pathOf: (source) => source.path,
  async setUp({ source: { path, type } }, { files }) {
    const found = await files.kindOf(path);
    switch (type) {
      case 'DirectoryOrCreate': if (!found) return files.makeDir(path, 0o755); break;
      case 'FileOrCreate': if (!found) return files.write(path, '', { mode: 0o644 }); break;
      case 'Directory': if (found !== 'directory') throw new VolumeError(`hostPath type check failed: ${path} is not a directory`); break;
      case 'File': if (found !== 'file') throw new VolumeError(`hostPath type check failed: ${path} is not a file`); break;
      case 'Socket': case 'CharDevice': case 'BlockDevice': if (found !== 'other') throw new VolumeError(`hostPath type check failed: ${path} is not a ${type}`); break;
      // Unsaid: no check; the runtime makes a missing folder.
      default: if (!found) return files.makeDir(path, 0o755);
    }
    return undefined;
  },
  tearDown: async () => undefined,
});

const configMap = defineVolumePlugin({
  source: 'configMap', isLive: true,
  setUp: async ({ source, dir, pod }, host) => writeAtomically(dir, await configMapFiles(source, source.defaultMode, pod, host), host.files, groupOf(pod)),
  tearDown: removeTree,
});

const secret = defineVolumePlugin({
  source: 'secret', isLive: true,
  setUp: async ({ source, dir, pod }, host) =>
    writeAtomically(dir, await secretFiles({ ...source, name: source.secretName ?? '' }, source.defaultMode, pod, host), host.files, groupOf(pod)),
  tearDown: removeTree,
});

const downwardAPI = defineVolumePlugin({
  source: 'downwardAPI', isLive: true,
  setUp: async ({ source, dir, pod }, host) => writeAtomically(dir, downwardFiles(source.items ?? [], source.defaultMode, pod, host), host.files, groupOf(pod)),
  tearDown: removeTree,
});

const projected = defineVolumePlugin({
  source: 'projected', isLive: true,
  async setUp({ source, dir, pod }, host) {
    const payloads: Payload[] = [];
    for (const part of source.sources ?? []) {
      if (part.configMap) payloads.push(...(await configMapFiles(part.configMap, source.defaultMode, pod, host)));
      if (part.secret) payloads.push(...(await secretFiles({ ...part.secret, name: part.secret.name ?? '' }, source.defaultMode, pod, host)));
      if (part.downwardAPI) payloads.push(...downwardFiles(part.downwardAPI.items ?? [], source.defaultMode, pod, host));
      if (part.serviceAccountToken) {
        const { path, audience = '', expirationSeconds = 3600 } = part.serviceAccountToken;
        const isShared = groupOf(pod) !== undefined || pod.spec.securityContext?.runAsUser !== undefined || pod.spec.containers.some((c) => c.securityContext?.runAsUser !== undefined);
        payloads.push({ path, data: await host.token(pod, audience, expirationSeconds), mode: isShared ? 0o644 : (source.defaultMode ?? 0o644) });
      }
    }
    await writeAtomically(dir, payloads, host.files, groupOf(pod));
  },
  tearDown: removeTree,
});

interface Keyed {
  readonly name?: string;
  readonly optional?: boolean;
  readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[];
}

async function configMapFiles(source: Keyed, mode: number | undefined, pod: Pod, host: VolumeHost): Promise<readonly Payload[]> {
  const found = await host.configMap(pod.metadata.namespace ?? '', source.name ?? '');
  if (!found && !source.optional) throw new VolumeError(`configmap ${JSON.stringify(source.name)} not found`);
  const all = new Map<string, string | Uint8Array>(Object.entries(found?.data ?? {}));
  for (const [key, value] of Object.entries(found?.binaryData ?? {})) all.set(key, bytesOf(value));
  return chosen(source, all, mode, 'configmap');
}

async function secretFiles(source: Keyed, mode: number | undefined, pod: Pod, host: VolumeHost): Promise<readonly Payload[]> {
  const found = await host.secret(pod.metadata.namespace ?? '', source.name ?? '');
  if (!found && !source.optional) throw new VolumeError(`secret ${JSON.stringify(source.name)} not found`);
  return chosen(source, new Map(Object.entries(found?.data ?? {}).map(([key, value]) => [key, bytesOf(value)])), mode, 'secret');
}

function chosen(source: Keyed, all: ReadonlyMap<string, string | Uint8Array>, mode = 0o644, what: string): readonly Payload[] {
  if (!source.items?.length) return [...all].map(([path, data]) => ({ path, data, mode }));
  return source.items.flatMap((item) => {
    const data = all.get(item.key);
    if (data !== undefined) return [{ path: item.path, data, mode: item.mode ?? mode }];
    if (source.optional) return [];
    throw new VolumeError(`references non-existent ${what} key: ${item.key}`);
  });
}

interface DownwardItem {
  readonly path: string;
  readonly mode?: number;
  readonly fieldRef?: { readonly fieldPath: string };
  readonly resourceFieldRef?: { readonly containerName?: string; readonly resource: string; readonly divisor?: string };
}

function downwardFiles(items: readonly DownwardItem[], mode = 0o644, pod: Pod, host: VolumeHost): readonly Payload[] {
  const sources = { podIP: pod.status.podIP ?? '', hostIP: host.hostIP, nodeName: host.nodeName };
  return items.map((item) => ({
    path: item.path, mode: item.mode ?? mode,
    data: item.fieldRef ? fieldValue(pod, item.fieldRef.fieldPath, sources) : item.resourceFieldRef ? resourceValue(pod, undefined, item.resourceFieldRef) : '',
  }));
}

/** Every kind of volume this node can make. Adding one is adding a plugin and its name to this list. */
export const volumePlugins: readonly VolumePlugin[] = [emptyDir, hostPath, configMap, secret, downwardAPI, projected];
