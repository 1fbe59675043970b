import type { AdmissionPlugin } from './admission.ts';
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  podCertificateSigning,
} from './plugins/certificate-requests.ts';
import { persistentVolumeClaimResize } from './plugins/claim-resize.ts';
import { defaultIngressClass } from './plugins/default-ingress-class.ts';
import { defaultStorageClass } from './plugins/default-storage-class.ts';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { claimAdminAccess, claimStatusAuthorization, claimTemplateAdminAccess } from './plugins/device-claims.ts';
import { expressionCheck } from './plugins/expression-check.ts';
import { claimLimitRanger, podLimitRanger, resizeLimitRanger } from './plugins/limit-ranger.ts';
import { mutatingAdmissionPolicies } from './plugins/mutating-admission-policy.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { nodeRestriction } from './plugins/node-restriction.ts';
import { ownerPermissions } from './plugins/owner-permissions.ts';
import { nodeDeclaredFeatureValidator, podResizeValidator } from './plugins/pod-resize.ts';
import { namespaceSecurity, podSecurity, podTemplateSecurity } from './plugins/pod-security.ts';
import { boundPodTopology, createdPodTopology } from './plugins/pod-topology-labels.ts';
import { groupPriority, podPriority, priorityClasses } from './plugins/priority.ts';
import { bindingEscalation, roleEscalation } from './plugins/rbac-escalation.ts';
import { resourceQuotaPlugin } from './plugins/resource-quota.ts';
import { runtimeClassPlugin } from './plugins/runtime-class.ts';
import { serviceAccountPlugin } from './plugins/service-account.ts';
import {
  attributesClassProtection,
  podGroupProtection,
  claimProtection,
  volumeProtection,
} from './plugins/storage-protection.ts';
import { requestSignatures, type SignatureProblem } from './plugins/request-signature.ts';
import { type TokenIssuer, tokenSecrets } from './plugins/token-secrets.ts';
import { taintNodesByCondition } from './plugins/taint-nodes-by-condition.ts';
import { validatingAdmissionPolicies } from './plugins/validating-admission-policy.ts';
import { mutatingWebhooks, validatingWebhooks } from './plugins/webhooks.ts';
import type { ToleratedSeconds } from '../tuning.ts';
import type { Webhooks } from './webhooks/port.ts';

export interface AdmissionPorts {
  readonly issuer: TokenIssuer;
  /** Absent: requests that a webhook would have to be asked about fail by its failure policy. */
  readonly webhooks: Webhooks | undefined;
  /** Absent: nobody looks at signatures before a signer does. */
  readonly signatureProblem: SignatureProblem | undefined;
  readonly toleratedSeconds: ToleratedSeconds | undefined;
}

/**
 * Every plugin, in the order in which they are asked: upstream's. Adding one is adding a file and a line to this list.
 */
export const builtinAdmission = ({
  issuer,
  webhooks,
  signatureProblem,
  toleratedSeconds,
}: AdmissionPorts): readonly AdmissionPlugin[] => [
  namespaceLifecycle,
  podLimitRanger,
  resizeLimitRanger,
  claimLimitRanger,
  serviceAccountPlugin,
  tokenSecrets(issuer),
  nodeRestriction,
  taintNodesByCondition,
  podSecurity,
  podTemplateSecurity,
  namespaceSecurity,
  podPriority,
  groupPriority,
  priorityClasses,
  defaultTolerationSeconds(toleratedSeconds),
  defaultStorageClass,
  claimProtection,
  volumeProtection,
  attributesClassProtection,
  podGroupProtection,
  ownerPermissions,
  persistentVolumeClaimResize,
  runtimeClassPlugin,
  certificateApproval,
  certificateSigning,
  podCertificateSigning,
  certificateSubjectRestriction,
  ...(signatureProblem ? requestSignatures(signatureProblem) : []),
  nodeDeclaredFeatureValidator,
  podResizeValidator,
  defaultIngressClass,
  createdPodTopology,
  boundPodTopology,
  claimAdminAccess,
  claimTemplateAdminAccess,
  claimStatusAuthorization,
  expressionCheck,
  mutatingAdmissionPolicies,
  mutatingWebhooks(webhooks),
  roleEscalation,
  bindingEscalation,
  validatingAdmissionPolicies,
  validatingWebhooks(webhooks),
  // Last: what it takes is taken for what is going to be written.
  resourceQuotaPlugin,
];
