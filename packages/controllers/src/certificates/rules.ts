import { type CertificateSigningRequest, SIGNERS, type SignerName } from '@navarch/api';
import type { RequestedNames } from './ports.ts';

export const NODE_USER = 'system:node:';
const NODES = 'system:nodes';

type Usages = readonly string[];

/** What is wrong with a request by its signer's rules; undefined when nothing is. */
export function complaint(signer: SignerName, names: RequestedNames, usages: Usages): string | undefined {
  switch (signer) {
    case SIGNERS.client:
      return clientComplaint(usages);
    case SIGNERS.kubeletClient:
      return kubeletClientComplaint(names, usages);
    case SIGNERS.kubeletServing:
      return kubeletServingComplaint(names, usages);
    default:
      return undefined; // legacy-unknown promises nothing about what it is good for, so refuses nothing.
  }
}

function clientComplaint(usages: Usages): string | undefined {
  const odd = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (odd !== undefined) return `invalid usage for client certificate: ${odd}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

function kubeletClientComplaint(names: RequestedNames, usages: Usages): string | undefined {
  if (names.organizations.length !== 1 || names.organizations[0] !== NODES)
    return 'subject organization is not system:nodes';
  if (names.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (names.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (names.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (names.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!names.commonName.startsWith(NODE_USER)) return 'subject common name does not begin with system:node: ';
  return hasExactly(usages, 'client auth') ? undefined : 'usages did not match [client auth digital signature]';
}

function kubeletServingComplaint(names: RequestedNames, usages: Usages): string | undefined {
  if (names.organizations.length !== 1 || names.organizations[0] !== NODES)
    return 'subject organization is not system:nodes';
  if (names.dnsNames.length + names.ipAddresses.length === 0)
    return 'at least one DNS or IP subjectAltName is required';
  if (names.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (names.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!names.commonName.startsWith(NODE_USER)) return 'subject common name does not begin with system:node: ';
  return hasExactly(usages, 'server auth') ? undefined : 'usages did not match [server auth digital signature]';
}

/** Key encipherment belongs to RSA keys only: it may be there or not. */
function hasExactly(usages: Usages, purpose: string): boolean {
  const rest = new Set(usages);
  rest.delete('key encipherment');
  return rest.size === 2 && rest.has('digital signature') && rest.has(purpose);
}

export const isSigner = (name: string): name is SignerName => (Object.values(SIGNERS) as string[]).includes(name);

export const hasCondition = ({ status }: CertificateSigningRequest, type: string): boolean =>
  status.conditions?.some((condition) => condition.type === type) ?? false;

/** Neither decided nor done. */
export const isPending = (request: CertificateSigningRequest): boolean =>
  !request.status.certificate && !['Approved', 'Denied', 'Failed'].some((type) => hasCondition(request, type));

/** The PEM text in `spec.request`; undefined when it is no base64. */
export function pemOf({ spec }: CertificateSigningRequest): string | undefined {
  try {
    return atob(spec.request);
  } catch {
    return undefined;
  }
}
