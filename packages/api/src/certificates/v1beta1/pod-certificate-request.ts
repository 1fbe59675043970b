import { apiVersionOf, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { deprecationOf } from '../../deprecation.ts';
import type { PodCertificateRequest as Stable } from '../../generated/types/certificates-v1.ts';
import type { PodCertificateRequest } from '../../generated/types/certificates-v1beta1.ts';
import { podCertificateRequest } from '../v1/pod-certificate-request.ts';

const KEY = 'certificates.k8s.io/v1beta1.PodCertificateRequest';
const deprecated = deprecationOf(KEY, podCertificateRequest);

/**
 * As v1, with room for a bare key and its proof: kubelets before 1.36 sent these. Nobody keeps them any more, so that
 * whoever sends no request for a certificate is told that it is missing.
 */
export const podCertificateRequestV1Beta1: Kind<PodCertificateRequest> = builtIn<PodCertificateRequest>(KEY, {
  ...(deprecated ? { deprecated } : {}),
  columns: podCertificateRequest.columns as unknown as Kind<PodCertificateRequest>['columns'],
  selectableFields:
    podCertificateRequest.selectableFields as unknown as Kind<PodCertificateRequest>['selectableFields'],
  behaviour: { desired: false, updatesUnconditionally: false },
  hub: {
    kind: podCertificateRequest,
    toHub({ spec: { pkixPublicKey: _a, proofOfPossession: _b, ...spec }, ...rest }) {
      return { ...rest, apiVersion: apiVersionOf(podCertificateRequest), spec } as unknown as Stable;
    },
    fromHub(stable) {
      const { spec, ...rest } = stable as Stable;
      return {
        ...rest,
        apiVersion: 'certificates.k8s.io/v1beta1',
        spec: { ...spec, pkixPublicKey: null, proofOfPossession: null },
      } as unknown as PodCertificateRequest;
    },
  },
});
