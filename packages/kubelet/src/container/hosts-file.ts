import type { Pod } from '@navarch/api';
import { podNames } from './names.ts';

/** The file that tells a pod its own names. */
export function hostsFile(pod: Pod, podIPs: readonly string[], clusterDomain: string): string {
  const { hostname, domain } = podNames(pod, clusterDomain);
  const own = podIPs
    .filter(Boolean)
    .map((ip) => (domain ? `${ip}\t${hostname}.${domain}\t${hostname}` : `${ip}\t${hostname}`));
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...own,
    ...aliases(pod),
    '',
  ].join('\n');
}

/** On the host's network a pod has the host's names, and the aliases that it asks for. */
export const nodeHostsFile = (pod: Pod, ofNode: string): string =>
  ['# Kubernetes-managed hosts file (host network).', ofNode.replace(/\n$/, ''), ...aliases(pod), ''].join('\n');

function aliases({ spec: { hostAliases = [] } }: Pod): readonly string[] {
  if (hostAliases.length === 0) return [];
  return [
    '',
    '# Entries added by HostAliases.',
    ...hostAliases.map(({ ip, hostnames = [] }) => [ip, ...hostnames].join('\t')),
  ];
}
