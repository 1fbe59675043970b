import { bytesOf } from '../base64.ts';
import type { ConfigMapProjection, DownwardAPIVolumeFile, KeyToPath, Pod, SecretProjection } from '@navarch/api';
import { fieldValue } from '../environment/field-value.ts';
import { resourceValue } from '../environment/resource-value.ts';
import type { Payload } from './atomic-writer.ts';
import { type VolumeHost } from './volume-plugin.ts';
import { VolumeError } from './volume-error.ts';

const MODE_DEFAULT = 0o644;

/** The files of a ConfigMap. Throws VolumeError when it, or a key that is asked for, is missing and not optional. */
export async function configMapPayloads(
  source: ConfigMapProjection,
  mode: number | undefined,
  pod: Pod,
  host: VolumeHost,
): Promise<readonly Payload[]> {
  const found = unlessMissing('configmap', source, await host.configMap(...placeOf(source, pod)));
  const all = new Map<string, string | Uint8Array>(Object.entries(found?.data ?? {}));
  for (const [key, value] of Object.entries(found?.binaryData ?? {})) all.set(key, bytesOf(value));
  return chosen(source, all, mode, 'configmap references non-existent config key');
}

/** The files of a Secret, likewise. */
export async function secretPayloads(
  source: SecretProjection,
  mode: number | undefined,
  pod: Pod,
  host: VolumeHost,
): Promise<readonly Payload[]> {
  const found = unlessMissing('secret', source, await host.secret(...placeOf(source, pod)));
  const all = new Map(Object.entries(found?.data ?? {}).map(([key, value]) => [key, bytesOf(value)]));
  return chosen(source, all, mode, 'references non-existent secret key');
}

interface Source {
  readonly name?: string;
  readonly optional?: boolean;
  readonly items?: readonly KeyToPath[];
}

const placeOf = ({ name = '' }: Source, { metadata: { namespace = '' } }: Pod): [namespace: string, name: string] => [
  namespace,
  name,
];

function unlessMissing<Found>(what: string, { name, optional }: Source, found: Found | undefined): Found | undefined {
  if (!found && !optional) throw new VolumeError(`${what} ${JSON.stringify(name)} not found`);
  return found;
}

function chosen(
  source: Source,
  all: ReadonlyMap<string, string | Uint8Array>,
  mode = MODE_DEFAULT,
  problem: string,
): readonly Payload[] {
  if (!source.items?.length) return [...all].map(([path, data]) => ({ path, data, mode }));
  return source.items.flatMap((item) => {
    const data = all.get(item.key);
    if (data !== undefined) return [{ path: item.path, data, mode: item.mode ?? mode }];
    if (source.optional) return [];
    throw new VolumeError(`${problem}: ${item.key}`);
  });
}

/** Facts about the pod itself. */
export function downwardPayloads(
  items: readonly DownwardAPIVolumeFile[],
  mode = MODE_DEFAULT,
  pod: Pod,
  host: VolumeHost,
): readonly Payload[] {
  const facts = {
    podIPs: (pod.status.podIPs ?? []).map(({ ip }) => ip ?? ''),
    hostIPs: [host.hostIP],
    nodeName: host.nodeName,
  };
  return items.map((item) => ({
    path: item.path,
    mode: item.mode ?? mode,
    data: item.fieldRef
      ? fieldValue(pod, item.fieldRef.fieldPath, facts)
      : item.resourceFieldRef
        ? resourceValue(pod, undefined, item.resourceFieldRef, host.allocatable)
        : '',
  }));
}
