import type { Pod } from '@navarch/api';
import { configError } from '../start-error.ts';

/** What the kernel takes as a host name. */
const HOSTNAME_LENGTH_MAX = 64;
/** A DNS label. */
const LABEL_LENGTH_MAX = 63;

export interface PodNames {
  readonly hostname: string;
  /** Of the pod's headless service; empty without a subdomain. */
  readonly domain: string;
}

/** What a pod is called in its hosts file and in DNS. */
export function podNames({ metadata, spec }: Pod, clusterDomain: string): PodNames {
  if (spec.hostnameOverride) return { hostname: spec.hostnameOverride, domain: '' };
  const hostname = spec.hostname || metadata.name.slice(0, LABEL_LENGTH_MAX).replace(/[-.]+$/, '');
  return { hostname, domain: spec.subdomain ? `${spec.subdomain}.${metadata.namespace}.svc.${clusterDomain}` : '' };
}

/** What `hostname` prints in the pod. Throws StartError when the whole name is asked for and too long for the kernel. */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const { hostname, domain } = podNames(pod, clusterDomain);
  if (!pod.spec.setHostnameAsFQDN || domain === '') return hostname;
  const full = `${hostname}.${domain}`;
  if (full.length <= HOSTNAME_LENGTH_MAX) return full;
  throw configError(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${HOSTNAME_LENGTH_MAX} characters is the max, ${full.length} characters requested)`,
  );
}
