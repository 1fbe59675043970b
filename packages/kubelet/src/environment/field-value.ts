import type { Pod } from '@navarch/api';
import { quotedAsGo } from '@navarch/machinery';
import { configError } from '../start-error.ts';

/** What the downward API tells that the pod's spec does not have. */
export interface PodFacts {
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  readonly nodeName: string;
}

/** A field of the pod as the downward API names it. Throws StartError for one that it has not. */
export function fieldValue(pod: Pod, path: string, { podIPs, hostIPs, nodeName }: PodFacts): string {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
  if (subscript) return metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid;
    case 'metadata.labels':
      return lines(metadata.labels);
    case 'metadata.annotations':
      return lines(metadata.annotations);
    case 'spec.nodeName':
      return nodeName;
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? '';
    case 'status.podIP':
      return podIPs[0] ?? '';
    case 'status.podIPs':
      return podIPs.join(',');
    case 'status.hostIP':
      return hostIPs[0] ?? '';
    case 'status.hostIPs':
      return hostIPs.join(',');
    default:
      throw configError(`unsupported fieldPath: ${path}`);
  }
}

/** Texts are quoted as programs that read these files expect it: in Go's way, not JSON's. */
const lines = (map: Readonly<Record<string, string>> = {}): string =>
  Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${quotedAsGo(value)}`)
    .join('\n');
