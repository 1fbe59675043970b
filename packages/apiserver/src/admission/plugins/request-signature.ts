import type { CertificateSigningRequest, PodCertificateRequest } from '@navarch/api';
import { bytesOfBinary, requestInBase64 } from '@navarch/machinery';
import { type AdmissionPlugin, defineAdmissionPlugin } from '../admission.ts';

/** Why a PKCS #10 request (DER) is not signed by the key that it is for, in the words of Go's library; undefined: it is. */
export type SignatureProblem = (request: Uint8Array) => string | undefined;

/**
 * Whoever asks for a certificate shows that the key is theirs (RFC 2986, section 4.2). Upstream looks at it when it
 * validates; here it needs what only the host has. That it is a request at all, validation says.
 */
export const requestSignatures = (problemOf: SignatureProblem): readonly AdmissionPlugin[] => [
  defineAdmissionPlugin<CertificateSigningRequest>({
    name: 'CertificateRequestSignature',
    on: { resources: ['certificates.k8s.io/certificatesigningrequests'], operations: ['CREATE'] },
    validate({ spec }, at) {
      const request = requestInBase64(spec.request);
      const problem = request && problemOf(request);
      if (problem !== undefined) at.at('spec', 'request').invalid(spec.request, problem);
    },
  }),
  defineAdmissionPlugin<PodCertificateRequest>({
    name: 'PodCertificateRequestSignature',
    on: { resources: ['certificates.k8s.io/podcertificaterequests'], operations: ['CREATE'] },
    validate({ spec }, at) {
      if (problemOf(bytesOfBinary(atob(spec.stubPKCS10Request))) !== undefined)
        at.at('spec', 'stubPKCS10Request').invalidOmitted('must be signed by the key that it contains');
    },
  }),
];
