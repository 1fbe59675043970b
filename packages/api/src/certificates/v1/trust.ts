import { dnsSubdomainErrors, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf } from '../../columns.ts';
import type { ClusterTrustBundle } from '../../generated/types/certificates-v1.ts';
import { signerName } from './certificate-signing-request.ts';

const BUNDLE_MAX = 1024 * 1024;

export const clusterTrustBundle: Kind<ClusterTrustBundle> = builtIn<ClusterTrustBundle>(
  'certificates.k8s.io/v1.ClusterTrustBundle',
  {
    columns: columnsOf('certificates.k8s.io/ClusterTrustBundle', { SignerName: (b) => b.spec.signerName || '<none>' }),
    selectableFields: { 'spec.signerName': (b) => b.spec.signerName ?? '' },
    behaviour: {
      updatesUnconditionally: false,
      desired: false,
      // A bundle of a signer has the signer's name in its own: `example.com:signer:name`.
      validateName: (name) => name.split(':').flatMap((part) => dnsSubdomainErrors(part)),
      validate({ metadata, spec }, at) {
        const name = metadata.name ?? '';
        const prefix = spec.signerName ? `${spec.signerName.replace('/', ':')}:` : '';
        const nameAt = at.at('metadata', 'name');
        if (prefix && !name.startsWith(prefix))
          nameAt.invalid(
            name,
            `ClusterTrustBundle for signerName ${spec.signerName} must be named with prefix ${prefix}`,
          );
        if (!prefix && name.includes(':'))
          nameAt.invalid(name, 'ClusterTrustBundle without signer name must not have ":" in its name');
        if (spec.signerName) signerName(spec.signerName, at.at('spec', 'signerName'));
        validateBundle(spec.trustBundle, at.at('spec', 'trustBundle'));
      },
      validateUpdate: (next, previous, at) =>
        at.at('spec', 'signerName').immutable(next.spec.signerName, previous.spec.signerName),
    },
  },
);

function validateBundle(text: string, at: Field): void {
  if (text.length > BUNDLE_MAX) return at.tooLong(BUNDLE_MAX);
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g)];
  if (blocks.length === 0) return at.invalid('<value omitted>', 'at least one trust anchor must be provided');
  const seen = new Set<string>();
  blocks.forEach(([, type, body = ''], i) => {
    if (type !== 'CERTIFICATE') at.invalid('<value omitted>', `entry ${i} has bad block type: ${type}`);
    if (body.includes(':')) at.invalid('<value omitted>', `entry ${i} has PEM block headers`);
    const der = body.replace(/\s/g, '');
    if (seen.has(der)) at.invalid('<value omitted>', `duplicate trust anchor (indices [${i}])`);
    seen.add(der);
  });
}
