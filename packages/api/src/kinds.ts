import type { Kind } from '@navarch/machinery';
import { certificateSigningRequest } from './certificates/v1/certificate-signing-request.ts';
import { deployment } from './apps/v1/deployment.ts';
import { replicaSet } from './apps/v1/replica-set.ts';
import { configMap, secret, serviceAccount } from './core/v1/config.ts';
import { endpoints } from './core/v1/endpoints.ts';
import { event } from './core/v1/event.ts';
import { namespace } from './core/v1/namespace.ts';
import { node } from './core/v1/node.ts';
import { pod } from './core/v1/pod.ts';
import { service } from './core/v1/service.ts';
import { endpointSlice } from './discovery/v1/endpoint-slice.ts';
import { eventV1 } from './events/v1/event.ts';
import * as plain from './plain.ts';
import { clusterRole, clusterRoleBinding, role, roleBinding } from './rbac.ts';

/** Every kind this server is born with. Adding a kind is adding a file and a name to this list. */
export const builtinKinds: readonly Kind<any>[] = [
  configMap, endpoints, event, plain.limitRange, namespace, node, plain.persistentVolumeClaim, plain.persistentVolume, pod,
  plain.podTemplate, plain.replicationController, plain.resourceQuota, secret, serviceAccount, service,
  plain.apiService, plain.controllerRevision, plain.daemonSet, deployment, replicaSet, plain.statefulSet, eventV1,
  plain.horizontalPodAutoscaler, plain.horizontalPodAutoscalerV1, plain.cronJob, plain.job,
  certificateSigningRequest, plain.clusterTrustBundle, plain.podCertificateRequest,
  plain.ingressClass, plain.ingress, plain.ipAddress, plain.networkPolicy, plain.serviceCIDR, plain.podDisruptionBudget,
  clusterRoleBinding, clusterRole, roleBinding, role,
  plain.csiDriver, plain.csiNode, plain.csiStorageCapacity, plain.storageClass, plain.volumeAttachment, plain.volumeAttributesClass,
  plain.mutatingAdmissionPolicy, plain.mutatingAdmissionPolicyBinding, plain.mutatingWebhookConfiguration,
  plain.validatingAdmissionPolicy, plain.validatingAdmissionPolicyBinding, plain.validatingWebhookConfiguration,
  plain.customResourceDefinition, plain.priorityClass, plain.lease, plain.runtimeClass, endpointSlice,
  plain.flowSchema, plain.priorityLevelConfiguration, plain.deviceClass, plain.deviceTaintRule, plain.resourceClaim,
  plain.resourceClaimTemplate, plain.resourceSlice, plain.storageVersionMigration,
];
