import type { ApiObject } from '@navarch/machinery';
import { equalJson, forbidden } from '@navarch/machinery';
import type { Access } from '../../auth/access.ts';
import type { User } from '../../auth/user.ts';
import { defineAdmissionPlugin } from '../admission.ts';
import { organizationsOfRequest } from '../certificate-subject.ts';

const RESOURCE = 'certificates.k8s.io/certificatesigningrequests';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
const MASTERS = 'system:masters';

interface SigningRequest extends ApiObject {
  readonly spec: { readonly signerName: string; readonly request: string };
  readonly status: { readonly certificate?: string; readonly conditions?: readonly unknown[] };
}

/** Whether the user may do that with requests for the signer, by its name or for all of its domain (`example.com/*`). */
function mayUse(access: Access, user: User, verb: 'approve' | 'sign', signerName: string): boolean {
  const names = [signerName, `${signerName.split('/')[0]}/*`];
  return names.some((name) =>
    access.isAllowed(user, {
      isResource: true,
      verb,
      group: 'certificates.k8s.io',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
    }),
  );
}

/** Who approves must be trusted with the signer, not just with requests. */
export const certificateApproval = defineAdmissionPlugin<SigningRequest>({
  name: 'CertificateApproval',
  on: { resources: [RESOURCE], operations: ['UPDATE'], subresources: ['approval'] },
  validate(_object, _at, { kind, name, user, previous }, { access }) {
    const signer = previous?.spec.signerName ?? '';
    if (!mayUse(access, user, 'approve', signer))
      throw forbidden(kind, name, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
  },
});

export const certificateSigning = defineAdmissionPlugin<SigningRequest>({
  name: 'CertificateSigning',
  on: { resources: [RESOURCE], operations: ['UPDATE'], subresources: ['status'] },
  validate(object, _at, { kind, name, user, previous }, { access }) {
    if (
      equalJson(previous?.status.certificate, object.status.certificate) &&
      equalJson(previous?.status.conditions ?? [], object.status.conditions ?? [])
    )
      return;
    const signer = previous?.spec.signerName ?? '';
    if (!mayUse(access, user, 'sign', signer))
      throw forbidden(kind, name, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
  },
});

/** Nobody gets a certificate that makes them everything. */
export const certificateSubjectRestriction = defineAdmissionPlugin<SigningRequest>({
  name: 'CertificateSubjectRestriction',
  on: { resources: [RESOURCE], operations: ['CREATE'] },
  validate(object, _at, { kind, name }) {
    if (object.spec.signerName !== CLIENT_SIGNER) return;
    if (!organizationsOfRequest(object.spec.request).includes(MASTERS)) return;
    throw forbidden(kind, name, `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`);
  },
});

interface PodRequest extends ApiObject {
  readonly spec: { readonly signerName: string };
  readonly status: object;
}

/** Who answers for a signer must be trusted with it; the right to write the status of requests is not enough (KEP-4317). */
export const podCertificateSigning = defineAdmissionPlugin<PodRequest>({
  name: 'PodCertificateSigning',
  on: { resources: ['certificates.k8s.io/podcertificaterequests'], operations: ['UPDATE'], subresources: ['status'] },
  validate(object, at, { user, previous }, { access }) {
    if (equalJson(previous?.status, object.status)) return;
    const signer = previous?.spec.signerName ?? '';
    if (!mayUse(access, user, 'sign', signer))
      at.at('spec', 'signerName').forbidden(
        `User ${JSON.stringify(user.name)} is not permitted to "sign" for signer ${JSON.stringify(signer)}`,
      );
  },
});
