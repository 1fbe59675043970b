import type { ApiObject, Column, Kind } from '@navarch/machinery';
import { builtIn } from './built-in.ts';
import { ageColumn, createdColumn, nameColumn, text } from './columns.ts';
import type * as admission from './generated/types/admissionregistration-v1.ts';
import type * as extensions from './generated/types/apiextensions-v1.ts';
import type * as registration from './generated/types/apiregistration-v1.ts';
import type * as apps from './generated/types/apps-v1.ts';
import type * as batch from './generated/types/batch-v1.ts';
import type * as autoscaling1 from './generated/types/autoscaling-v1.ts';
import type * as autoscaling2 from './generated/types/autoscaling-v2.ts';
import type * as certificates from './generated/types/certificates-v1.ts';
import type * as coordination from './generated/types/coordination-v1.ts';
import type * as core from './generated/types/core-v1.ts';
import type * as flowcontrol from './generated/types/flowcontrol-v1.ts';
import type * as networking from './generated/types/networking-v1.ts';
import type * as nodes from './generated/types/node-v1.ts';
import type * as policy from './generated/types/policy-v1.ts';
import type * as dra from './generated/types/resource-v1.ts';
import type * as scheduling from './generated/types/scheduling-v1.ts';
import type * as storage from './generated/types/storage-v1.ts';
import type * as migration from './generated/types/storagemigration-v1.ts';

// Kinds whose facts say nearly everything. One that grows behaviour moves into a file of its own.

const nameAndAge: readonly Column<ApiObject>[] = [nameColumn, ageColumn];
const nameAndCreated: readonly Column<ApiObject>[] = [nameColumn, createdColumn];
const keepsNoGeneration = { columns: nameAndAge, behaviour: { desired: false } } as const;

export const limitRange: Kind<core.LimitRange> = builtIn<core.LimitRange>('/v1.LimitRange', { columns: nameAndCreated, behaviour: { desired: false } });
export const persistentVolume: Kind<core.PersistentVolume> = builtIn<core.PersistentVolume>('/v1.PersistentVolume', {
  columns: nameAndAge,
  behaviour: {
    desired: false,
    complete(v) {
      v.status.phase ??= 'Pending';
      v.spec.persistentVolumeReclaimPolicy ??= 'Retain';
      v.spec.volumeMode ??= 'Filesystem';
    },
  },
});
export const persistentVolumeClaim: Kind<core.PersistentVolumeClaim> = builtIn<core.PersistentVolumeClaim>('/v1.PersistentVolumeClaim', {
  columns: [nameColumn, text('Status', (c) => c.status.phase ?? ''), text('Volume', (c) => c.spec.volumeName ?? ''), ageColumn],
  behaviour: {
    desired: false,
    complete(c) {
      c.status.phase ??= 'Pending';
      c.spec.volumeMode ??= 'Filesystem';
    },
  },
});
export const podTemplate: Kind<core.PodTemplate> = builtIn<core.PodTemplate>('/v1.PodTemplate', { columns: nameAndAge });
export const replicationController: Kind<core.ReplicationController> = builtIn<core.ReplicationController>('/v1.ReplicationController', {
  columns: nameAndAge,
  scale: {
    specReplicas: 'spec.replicas', statusReplicas: 'status.replicas',
    selector: (r) => Object.entries(r.spec.selector ?? {}).map(([key, value]) => `${key}=${value}`).join(','),
  },
});
export const resourceQuota: Kind<core.ResourceQuota> = builtIn<core.ResourceQuota>('/v1.ResourceQuota', keepsNoGeneration);

export const mutatingAdmissionPolicy: Kind<admission.MutatingAdmissionPolicy> = builtIn<admission.MutatingAdmissionPolicy>('admissionregistration.k8s.io/v1.MutatingAdmissionPolicy', { columns: nameAndAge });
export const mutatingAdmissionPolicyBinding: Kind<admission.MutatingAdmissionPolicyBinding> = builtIn<admission.MutatingAdmissionPolicyBinding>('admissionregistration.k8s.io/v1.MutatingAdmissionPolicyBinding', { columns: nameAndAge });
export const mutatingWebhookConfiguration: Kind<admission.MutatingWebhookConfiguration> = builtIn<admission.MutatingWebhookConfiguration>('admissionregistration.k8s.io/v1.MutatingWebhookConfiguration', { columns: nameAndAge });
export const validatingAdmissionPolicy: Kind<admission.ValidatingAdmissionPolicy> = builtIn<admission.ValidatingAdmissionPolicy>('admissionregistration.k8s.io/v1.ValidatingAdmissionPolicy', { columns: nameAndAge });
export const validatingAdmissionPolicyBinding: Kind<admission.ValidatingAdmissionPolicyBinding> = builtIn<admission.ValidatingAdmissionPolicyBinding>('admissionregistration.k8s.io/v1.ValidatingAdmissionPolicyBinding', { columns: nameAndAge });
export const validatingWebhookConfiguration: Kind<admission.ValidatingWebhookConfiguration> = builtIn<admission.ValidatingWebhookConfiguration>('admissionregistration.k8s.io/v1.ValidatingWebhookConfiguration', { columns: nameAndAge });

export const customResourceDefinition: Kind<extensions.CustomResourceDefinition> = builtIn<extensions.CustomResourceDefinition>('apiextensions.k8s.io/v1.CustomResourceDefinition', {
  columns: nameAndCreated, storagePrefix: 'apiextensions.k8s.io/customresourcedefinitions',
});
export const apiService: Kind<registration.APIService> = builtIn<registration.APIService>('apiregistration.k8s.io/v1.APIService', {
  columns: nameAndAge, storagePrefix: 'apiregistration.k8s.io/apiservices',
});

export const controllerRevision: Kind<apps.ControllerRevision> = builtIn<apps.ControllerRevision>('apps/v1.ControllerRevision', keepsNoGeneration);
export const daemonSet: Kind<apps.DaemonSet> = builtIn<apps.DaemonSet>('apps/v1.DaemonSet', { columns: nameAndAge });
export const statefulSet: Kind<apps.StatefulSet> = builtIn<apps.StatefulSet>('apps/v1.StatefulSet', { columns: nameAndAge });
export const cronJob: Kind<batch.CronJob> = builtIn<batch.CronJob>('batch/v1.CronJob', { columns: nameAndAge });
export const job: Kind<batch.Job> = builtIn<batch.Job>('batch/v1.Job', { columns: nameAndAge });

export const horizontalPodAutoscaler: Kind<autoscaling2.HorizontalPodAutoscaler> = builtIn<autoscaling2.HorizontalPodAutoscaler>('autoscaling/v2.HorizontalPodAutoscaler', keepsNoGeneration);

/** autoscaling/v1 says a CPU target where v2 has a list of metrics. */
export const horizontalPodAutoscalerV1: Kind<autoscaling1.HorizontalPodAutoscaler> = builtIn<autoscaling1.HorizontalPodAutoscaler>('autoscaling/v1.HorizontalPodAutoscaler', {
  ...keepsNoGeneration,
  hub: {
    kind: horizontalPodAutoscaler,
    toHub: (object) => {
      const { targetCPUUtilizationPercentage: cpu, ...spec } = object.spec;
      const metrics = cpu === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } }];
      return { ...object, apiVersion: 'autoscaling/v2', spec: { ...spec, ...(metrics.length > 0 ? { metrics } : {}) }, status: { ...object.status, currentMetrics: null } };
    },
    fromHub: (hub) => {
      const held = hub as autoscaling2.HorizontalPodAutoscaler;
      const { metrics = [], behavior: _, ...spec } = held.spec;
      const cpu = metrics.find((m) => m.resource?.name === 'cpu')?.resource?.target.averageUtilization;
      const { currentReplicas, desiredReplicas, lastScaleTime, observedGeneration } = held.status;
      return {
        ...held, apiVersion: 'autoscaling/v1', spec: { ...spec, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
        status: {
          currentReplicas: currentReplicas ?? 0, desiredReplicas, ...(lastScaleTime ? { lastScaleTime } : {}), ...(observedGeneration ? { observedGeneration } : {}),
        },
      } as autoscaling1.HorizontalPodAutoscaler;
    },
  },
});

export const clusterTrustBundle: Kind<certificates.ClusterTrustBundle> = builtIn<certificates.ClusterTrustBundle>('certificates.k8s.io/v1.ClusterTrustBundle', keepsNoGeneration);
export const podCertificateRequest: Kind<certificates.PodCertificateRequest> = builtIn<certificates.PodCertificateRequest>('certificates.k8s.io/v1.PodCertificateRequest', keepsNoGeneration);

export const lease: Kind<coordination.Lease> = builtIn<coordination.Lease>('coordination.k8s.io/v1.Lease', {
  columns: [nameColumn, text('Holder', (l) => l.spec.holderIdentity ?? ''), ageColumn], behaviour: { desired: false, createsOnUpdate: true },
});

export const flowSchema: Kind<flowcontrol.FlowSchema> = builtIn<flowcontrol.FlowSchema>('flowcontrol.apiserver.k8s.io/v1.FlowSchema', { columns: nameAndAge });
export const priorityLevelConfiguration: Kind<flowcontrol.PriorityLevelConfiguration> = builtIn<flowcontrol.PriorityLevelConfiguration>('flowcontrol.apiserver.k8s.io/v1.PriorityLevelConfiguration', { columns: nameAndAge });

export const ingress: Kind<networking.Ingress> = builtIn<networking.Ingress>('networking.k8s.io/v1.Ingress', { columns: nameAndAge, storagePrefix: 'ingress' });
export const ingressClass: Kind<networking.IngressClass> = builtIn<networking.IngressClass>('networking.k8s.io/v1.IngressClass', { columns: nameAndAge });
export const ipAddress: Kind<networking.IPAddress> = builtIn<networking.IPAddress>('networking.k8s.io/v1.IPAddress', keepsNoGeneration);
export const networkPolicy: Kind<networking.NetworkPolicy> = builtIn<networking.NetworkPolicy>('networking.k8s.io/v1.NetworkPolicy', { columns: nameAndAge });
export const serviceCIDR: Kind<networking.ServiceCIDR> = builtIn<networking.ServiceCIDR>('networking.k8s.io/v1.ServiceCIDR', keepsNoGeneration);

export const runtimeClass: Kind<nodes.RuntimeClass> = builtIn<nodes.RuntimeClass>('node.k8s.io/v1.RuntimeClass', keepsNoGeneration);
export const podDisruptionBudget: Kind<policy.PodDisruptionBudget> = builtIn<policy.PodDisruptionBudget>('policy/v1.PodDisruptionBudget', { columns: nameAndAge });

export const deviceClass: Kind<dra.DeviceClass> = builtIn<dra.DeviceClass>('resource.k8s.io/v1.DeviceClass', { columns: nameAndAge });
export const deviceTaintRule: Kind<dra.DeviceTaintRule> = builtIn<dra.DeviceTaintRule>('resource.k8s.io/v1.DeviceTaintRule', { columns: nameAndAge });
export const resourceClaim: Kind<dra.ResourceClaim> = builtIn<dra.ResourceClaim>('resource.k8s.io/v1.ResourceClaim', keepsNoGeneration);
export const resourceClaimTemplate: Kind<dra.ResourceClaimTemplate> = builtIn<dra.ResourceClaimTemplate>('resource.k8s.io/v1.ResourceClaimTemplate', keepsNoGeneration);
export const resourceSlice: Kind<dra.ResourceSlice> = builtIn<dra.ResourceSlice>('resource.k8s.io/v1.ResourceSlice', { columns: nameAndAge });

export const priorityClass: Kind<scheduling.PriorityClass> = builtIn<scheduling.PriorityClass>('scheduling.k8s.io/v1.PriorityClass', {
  columns: [nameColumn, { name: 'Value', type: 'integer', priority: 0, value: (p) => p.value }, text('Global-Default', (p) => String(p.globalDefault ?? false)), ageColumn],
  behaviour: { complete(p) { p.preemptionPolicy ??= 'PreemptLowerPriority'; } },
});

export const csiDriver: Kind<storage.CSIDriver> = builtIn<storage.CSIDriver>('storage.k8s.io/v1.CSIDriver', keepsNoGeneration);
export const csiNode: Kind<storage.CSINode> = builtIn<storage.CSINode>('storage.k8s.io/v1.CSINode', keepsNoGeneration);
export const csiStorageCapacity: Kind<storage.CSIStorageCapacity> = builtIn<storage.CSIStorageCapacity>('storage.k8s.io/v1.CSIStorageCapacity', keepsNoGeneration);
export const storageClass: Kind<storage.StorageClass> = builtIn<storage.StorageClass>('storage.k8s.io/v1.StorageClass', {
  columns: [nameColumn, text('Provisioner', (s) => s.provisioner), ageColumn],
  behaviour: {
    desired: false,
    complete(s) {
      s.reclaimPolicy ??= 'Delete';
      s.volumeBindingMode ??= 'Immediate';
    },
  },
});
export const volumeAttachment: Kind<storage.VolumeAttachment> = builtIn<storage.VolumeAttachment>('storage.k8s.io/v1.VolumeAttachment', keepsNoGeneration);
export const volumeAttributesClass: Kind<storage.VolumeAttributesClass> = builtIn<storage.VolumeAttributesClass>('storage.k8s.io/v1.VolumeAttributesClass', keepsNoGeneration);
export const storageVersionMigration: Kind<migration.StorageVersionMigration> = builtIn<migration.StorageVersionMigration>('storagemigration.k8s.io/v1.StorageVersionMigration', keepsNoGeneration);

