const DOMAIN_MAX = 253;
/** A quota's name for it is longer: `requests.` comes before it. */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const DOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** A resource that is neither Kubernetes's own nor native to it: `vendor.com/gpu`. */
export function isExtendedResourceName(text: string): boolean {
  const [domain = '', name, ...more] = text.split('/');
  if (name === undefined || more.length > 0 || domain.includes('kubernetes.io') || text.startsWith('requests.'))
    return false;
  return `requests.${domain}`.length <= DOMAIN_MAX && DOMAIN.test(domain) && NAME.test(name);
}
