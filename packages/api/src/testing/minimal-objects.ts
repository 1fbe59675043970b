/** The least that is valid of every kind, by `group/version.Kind`: what a client must say. */
type Json = Readonly<Record<string, unknown>>;

const selector = { matchLabels: { app: 'x' } };
const podSpec = { containers: [{ name: 'c', image: 'i' }] };
const template = { metadata: { labels: { app: 'x' } }, spec: podSpec };
const jobTemplate = { spec: { ...podSpec, restartPolicy: 'Never' } };
const clientConfig = { url: 'https://example.com/' };
const webhook = { name: 'a.example.com', clientConfig, sideEffects: 'None', admissionReviewVersions: ['v1'] };
const matchConstraints = {
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }],
};
/** A request (PKCS #10, DER) of some Ed25519 key. */
const stub =
  'MH8wMwIBADAAMCowBQYDK2VwAyEAOXi1E2lfP2wHPw8uDxQOogZixVKre4YFXZjwRCMUSf2gADAFBgMrZXADQQDjXd0OWECPSa9/wRlHoqkpDVaMfeBfE9u6D/WT01orWlkl/wiolhy0DqaUPE3UXZmNJK96psaNNMldjrU0w4cA';
const request = btoa(`-----BEGIN CERTIFICATE REQUEST-----\n${stub}\n-----END CERTIFICATE REQUEST-----\n`);
const target = { name: 'p', uid: '6f4a1b0e-9c1d-4f1e-8a55-0c7f3e6d2b11' };
const rbac = 'rbac.authorization.k8s.io/v1';
const admission = 'admissionregistration.k8s.io/v1';

export const minimalObjects: Readonly<Record<string, Json>> = {
  '/v1.ConfigMap': {},
  '/v1.Endpoints': {},
  '/v1.Event': { metadata: { name: 'x', namespace: 'n' }, involvedObject: { namespace: 'n' } },
  '/v1.LimitRange': { spec: { limits: [] } },
  '/v1.Namespace': {},
  '/v1.Node': {},
  '/v1.PersistentVolumeClaim': {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  '/v1.PersistentVolume': {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp' } },
  },
  '/v1.Pod': { spec: podSpec },
  '/v1.PodTemplate': { template },
  '/v1.ReplicationController': { spec: { template } },
  '/v1.ResourceQuota': {},
  '/v1.Secret': {},
  '/v1.ServiceAccount': {},
  '/v1.Service': { spec: { ports: [{ port: 80 }] } },
  'apiregistration.k8s.io/v1.APIService': {
    metadata: { name: 'v1.x.io' },
    spec: { group: 'x.io', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 },
  },
  'apps/v1.ControllerRevision': { data: {}, revision: 1 },
  'apps/v1.DaemonSet': { spec: { selector, template } },
  'apps/v1.Deployment': { spec: { selector, template } },
  'apps/v1.ReplicaSet': { spec: { selector, template } },
  'apps/v1.StatefulSet': { spec: { selector, template, serviceName: 's' } },
  'events.k8s.io/v1.Event': {
    metadata: { name: 'x', namespace: 'n' },
    regarding: { namespace: 'n' },
    eventTime: '2026-11-21T12:00:00.000000Z',
    type: 'Normal',
    reason: 'Made',
    action: 'Make',
    reportingController: 'example.com/c',
    reportingInstance: 'c-1',
  },
  'autoscaling/v2.HorizontalPodAutoscaler': {
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 1 },
  },
  'autoscaling/v1.HorizontalPodAutoscaler': {
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 1 },
  },
  'batch/v1.CronJob': { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
  'batch/v1.Job': { spec: { template: jobTemplate } },
  'certificates.k8s.io/v1.CertificateSigningRequest': {
    spec: { request, signerName: 'example.com/s', usages: ['client auth'] },
  },
  'certificates.k8s.io/v1.ClusterTrustBundle': {
    spec: { trustBundle: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n' },
  },
  'certificates.k8s.io/v1.PodCertificateRequest': {
    spec: {
      signerName: 'example.com/s',
      podName: 'p',
      podUID: 'u',
      serviceAccountName: 's',
      serviceAccountUID: 'u',
      nodeName: 'n',
      nodeUID: 'u',
      stubPKCS10Request: stub,
    },
  },
  'networking.k8s.io/v1.IngressClass': { spec: { controller: 'example.com/c' } },
  'networking.k8s.io/v1.Ingress': { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
  'networking.k8s.io/v1.IPAddress': {
    metadata: { name: '10.0.0.1' },
    spec: { parentRef: { resource: 'services', namespace: 'n', name: 's' } },
  },
  'networking.k8s.io/v1.NetworkPolicy': { spec: {} },
  'networking.k8s.io/v1.ServiceCIDR': { spec: { cidrs: ['10.0.0.0/16'] } },
  'policy/v1.PodDisruptionBudget': {},
  [`${rbac}.ClusterRoleBinding`]: { roleRef: { kind: 'ClusterRole', name: 'r' } },
  [`${rbac}.ClusterRole`]: { rules: [] },
  [`${rbac}.RoleBinding`]: { roleRef: { kind: 'Role', name: 'r' } },
  [`${rbac}.Role`]: { rules: [] },
  'storage.k8s.io/v1.CSIDriver': {},
  'storage.k8s.io/v1.CSINode': { spec: { drivers: [] } },
  'storage.k8s.io/v1.CSIStorageCapacity': { storageClassName: 's' },
  'storage.k8s.io/v1.StorageClass': { provisioner: 'example.com/p' },
  'storage.k8s.io/v1.VolumeAttachment': {
    spec: { attacher: 'example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } },
  },
  'storage.k8s.io/v1.VolumeAttributesClass': { driverName: 'example.com', parameters: { a: 'b' } },
  [`${admission}.MutatingAdmissionPolicy`]: {
    spec: {
      matchConstraints,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }],
    },
  },
  [`${admission}.MutatingAdmissionPolicyBinding`]: { spec: { policyName: 'p' } },
  [`${admission}.MutatingWebhookConfiguration`]: { webhooks: [webhook] },
  [`${admission}.ValidatingAdmissionPolicy`]: { spec: { matchConstraints, validations: [{ expression: 'true' }] } },
  [`${admission}.ValidatingAdmissionPolicyBinding`]: { spec: { policyName: 'p', validationActions: ['Deny'] } },
  [`${admission}.ValidatingWebhookConfiguration`]: { webhooks: [webhook] },
  'apiextensions.k8s.io/v1.CustomResourceDefinition': {
    metadata: { name: 'foos.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'foos', kind: 'Foo' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
  'scheduling.k8s.io/v1.PriorityClass': { value: 1 },
  'coordination.k8s.io/v1.Lease': {},
  'node.k8s.io/v1.RuntimeClass': { handler: 'h' },
  'discovery.k8s.io/v1.EndpointSlice': { addressType: 'IPv4', endpoints: [] },
  'flowcontrol.apiserver.k8s.io/v1.FlowSchema': { spec: { priorityLevelConfiguration: { name: 'p' } } },
  'flowcontrol.apiserver.k8s.io/v1.PriorityLevelConfiguration': {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  },
  'resource.k8s.io/v1.DeviceClass': { spec: {} },
  'resource.k8s.io/v1.DeviceTaintRule': { spec: { taint: { key: 'k', effect: 'NoSchedule' } } },
  'resource.k8s.io/v1.ResourceClaim': {
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } },
  },
  'resource.k8s.io/v1.ResourceClaimTemplate': { spec: { spec: { devices: {} } } },
  'resource.k8s.io/v1.ResourceSlice': {
    spec: { driver: 'example.com', pool: { name: 'p', resourceSliceCount: 1 }, allNodes: true },
  },
  'storagemigration.k8s.io/v1.StorageVersionMigration': {
    spec: { resource: { group: 'apps', resource: 'deployments' } },
  },
  'coordination.k8s.io/v1beta1.LeaseCandidate': {
    spec: { leaseName: 'l', binaryVersion: '1.37.0', emulationVersion: '1.37.0', strategy: 'OldestEmulationVersion' },
  },
  'internal.apiserver.k8s.io/v1alpha1.StorageVersion': { metadata: { name: 'apps.deployments' }, spec: {} },
  'lifecycle.k8s.io/v1alpha1.Eviction': { spec: { target: { pod: target } } },
  'lifecycle.k8s.io/v1alpha1.EvictionRequest': {
    spec: { target: { pod: target }, requester: 'acme.io/drain', intent: 'Eviction' },
  },
  'resource.k8s.io/v1alpha3.ResourcePoolStatusRequest': { spec: { driver: 'd.example.com' } },
  'scheduling.k8s.io/v1alpha3.CompositePodGroup': {
    spec: { workloadRef: { workloadName: 'w', templateName: 't' }, schedulingPolicy: { basic: {} } },
  },
  'scheduling.k8s.io/v1beta1.PodGroup': { spec: { schedulingPolicy: { gang: { minCount: 2 } } } },
  'scheduling.k8s.io/v1beta1.Workload': {
    spec: { podGroupTemplates: [{ name: 't', schedulingPolicy: { basic: {} } }] },
  },
};
