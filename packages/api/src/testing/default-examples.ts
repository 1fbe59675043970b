/** An object of a kind (`group/version.Kind`) and what some of its fields are after defaulting (paths of names, `[]` and `{}`, by `/`). */
export interface Example {
  readonly kind: string;
  readonly given: Readonly<Record<string, unknown>>;
  readonly expected: Readonly<Record<string, unknown>>;
}

const LABELS = { app: 'x' };
const service = (spec: object, expected: Example['expected'], status: object = {}): Example => ({
  kind: '/v1.Service',
  given: { spec, status },
  expected,
});
const pod = (spec: object, expected: Example['expected']): Example => ({ kind: '/v1.Pod', given: { spec }, expected });
const containers = (resources: object, count = 1): object => ({
  containers: Array.from({ length: count }, (_, i) => ({ name: `c${i}`, resources })),
});
const job = (spec: object, expected: Example['expected']): Example => ({
  kind: 'batch/v1.Job',
  given: { spec },
  expected,
});
const limits = (item: object, expected: Example['expected']): Example => ({
  kind: '/v1.LimitRange',
  given: { spec: { limits: [{ type: 'Container', ...item }] } },
  expected,
});
const autoscaler = (spec: object, expected: Example['expected']): Example => ({
  kind: 'autoscaling/v2.HorizontalPodAutoscaler',
  given: { spec },
  expected,
});
const definition = (given: Example['given'], expected: Example['expected']): Example => ({
  kind: 'apiextensions.k8s.io/v1.CustomResourceDefinition',
  given,
  expected,
});

/** Defaults that hang on more than the field being left out. */
export const examples: Readonly<Record<string, Example>> = {
  'v1 ResourceList * round up to milli': pod(containers({ limits: { cpu: '100n', memory: '1' } }), {
    'spec/containers/[]/resources/limits': { cpu: '1m', memory: '1' },
  }),
  'v1 ReplicationController spec.selector spec.template.metadata.labels': {
    kind: '/v1.ReplicationController',
    given: { spec: { template: { metadata: { labels: LABELS } } } },
    expected: { 'spec/selector': LABELS },
  },
  'v1 ReplicationController metadata.labels spec.template.metadata.labels': {
    kind: '/v1.ReplicationController',
    given: { spec: { template: { metadata: { labels: LABELS } } } },
    expected: { 'metadata/labels': LABELS },
  },
  'v1 Volume image.pullPolicy Always | IfNotPresent': pod(
    { volumes: [{ name: 'v', image: { reference: 'a:1' } }] },
    { 'spec/volumes/[]/image/pullPolicy': 'IfNotPresent' },
  ),
  'v1 Container imagePullPolicy Always | IfNotPresent': pod(
    { initContainers: [{ name: 'a', image: 'a:5000/b@sha256:0' }], containers: [{ name: 'b', image: 'r:5000/b' }] },
    { 'spec/initContainers/[]/imagePullPolicy': 'IfNotPresent', 'spec/containers/[]/imagePullPolicy': 'Always' },
  ),
  'v1 EphemeralContainer imagePullPolicy Always | IfNotPresent': pod(
    { ephemeralContainers: [{ name: 'a', image: 'a:1' }] },
    { 'spec/ephemeralContainers/[]/imagePullPolicy': 'IfNotPresent' },
  ),
  'v1 Service spec.sessionAffinityConfig null': service(
    { sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } },
    { 'spec/sessionAffinityConfig': undefined },
  ),
  'v1 Service spec.sessionAffinityConfig.clientIP.timeoutSeconds 10800': service(
    { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: {} } },
    { 'spec/sessionAffinityConfig/clientIP/timeoutSeconds': 10_800 },
  ),
  'v1 Service spec.ports[].targetPort spec.ports[].port': service(
    { ports: [{ port: 80, targetPort: 0 }] },
    { 'spec/ports/[]/targetPort': 80 },
  ),
  'v1 Service spec.externalTrafficPolicy Cluster': service(
    { externalIPs: ['1.2.3.4'] },
    { 'spec/externalTrafficPolicy': 'Cluster' },
  ),
  'v1 Service spec.allocateLoadBalancerNodePorts true': service(
    { type: 'LoadBalancer' },
    { 'spec/allocateLoadBalancerNodePorts': true },
  ),
  'v1 Service status.loadBalancer.ingress[].ipMode VIP': service(
    { type: 'LoadBalancer' },
    { 'status/loadBalancer/ingress/[]/ipMode': 'VIP' },
    { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
  ),
  'v1 Pod spec.containers[].resources.requests[R] limits[R]': pod(
    containers({ limits: { cpu: '1' }, requests: { memory: '2' } }),
    { 'spec/containers/[]/resources/requests': { cpu: '1', memory: '2' } },
  ),
  'v1 Pod spec.initContainers[].resources.requests[R] limits[R]': pod(
    { initContainers: [{ name: 'a', resources: { limits: { cpu: '1' } } }] },
    { 'spec/initContainers/[]/resources/requests': { cpu: '1' } },
  ),
  'v1 Pod spec.resources.limits[hugepages-*] sum of container limits': pod(
    { resources: { requests: { cpu: '1' } }, ...containers({ limits: { 'hugepages-2Mi': '4Mi' } }, 2) },
    { 'spec/resources/limits': { 'hugepages-2Mi': '8Mi' } },
  ),
  'v1 Pod spec.resources.requests[cpu|memory] effective container requests': pod(
    { resources: { limits: { cpu: '4' } }, ...containers({ requests: { cpu: '1' } }, 2) },
    { 'spec/resources/requests': { cpu: '2' } },
  ),
  'v1 Pod spec.resources.requests[R] spec.resources.limits[R]': pod(
    { resources: { limits: { cpu: '4' } }, ...containers({}) },
    { 'spec/resources/requests': { cpu: '4' } },
  ),
  'v1 Pod spec.resources.limits[cpu|memory] sum of container limits': pod(
    { resources: { requests: { cpu: '1' } }, ...containers({ limits: { cpu: '2' } }, 2) },
    { 'spec/resources/limits': { cpu: '4' } },
  ),
  'v1 Pod spec.containers[].ports[].hostPort containerPort': pod(
    { hostNetwork: true, containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] },
    { 'spec/containers/[]/ports/[]/hostPort': 80 },
  ),
  'v1 Pod spec.initContainers[].ports[].hostPort containerPort': pod(
    { hostNetwork: true, initContainers: [{ name: 'c', ports: [{ containerPort: 80 }] }] },
    { 'spec/initContainers/[]/ports/[]/hostPort': 80 },
  ),
  'v1 Namespace metadata.labels[kubernetes.io/metadata.name] metadata.name': {
    kind: '/v1.Namespace',
    given: {},
    expected: { 'metadata/labels': { 'kubernetes.io/metadata.name': 'x' } },
  },
  'v1 NodeStatus allocatable capacity': {
    kind: '/v1.Node',
    given: { status: { capacity: { cpu: '1' } } },
    expected: { 'status/allocatable': { cpu: '1' } },
  },
  'v1 NodeSpec podCIDR podCIDRs[0]': {
    kind: '/v1.Node',
    given: { spec: { podCIDRs: ['10.0.0.0/24'] } },
    expected: { 'spec/podCIDR': '10.0.0.0/24' },
  },
  'v1 NodeSpec podCIDRs [podCIDR]': {
    kind: '/v1.Node',
    given: { spec: { podCIDR: '10.0.0.0/24' } },
    expected: { 'spec/podCIDRs': ['10.0.0.0/24'] },
  },
  'v1 LimitRangeItem default[R] max[R]': limits({ max: { cpu: '2' } }, { 'spec/limits/[]/default': { cpu: '2' } }),
  'v1 LimitRangeItem defaultRequest[R] default[R]': limits(
    { default: { cpu: '2' }, min: { cpu: '1' } },
    { 'spec/limits/[]/defaultRequest': { cpu: '2' } },
  ),
  'v1 LimitRangeItem defaultRequest[R] min[R]': limits(
    { min: { cpu: '1' } },
    { 'spec/limits/[]/defaultRequest': { cpu: '1' } },
  ),
  'v1 LimitRangeItem default, defaultRequest {}': limits(
    {},
    { 'spec/limits/[]/default': undefined, 'spec/limits/[]/defaultRequest': undefined },
  ),
  'v1 ConfigMap data {}': { kind: '/v1.ConfigMap', given: {}, expected: { data: undefined } },
  'v1 Secret data stringData merged over data': {
    kind: '/v1.Secret',
    given: { data: { a: 'YQ==' }, stringData: { a: 'b', c: 'd' } },
    expected: { data: { a: 'Yg==', c: 'ZA==' }, stringData: undefined },
  },
  'v1 Pod spec.serviceAccount serviceAccountName': pod({ serviceAccount: 'a' }, { 'spec/serviceAccountName': 'a' }),
  'v1 Pod metadata.annotations drop pod.{beta,alpha}.kubernetes.io/init-containers and init-container-statuses': {
    kind: '/v1.Pod',
    given: { metadata: { name: 'x', annotations: { 'pod.beta.kubernetes.io/init-containers': '[]', a: 'b' } } },
    expected: { 'metadata/annotations': { a: 'b' } },
  },
  'apps/v1 StatefulSet spec.updateStrategy.rollingUpdate {}': {
    kind: 'apps/v1.StatefulSet',
    given: { spec: {} },
    expected: { 'spec/updateStrategy': { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } } },
  },
  'batch/v1 Job spec.backoffLimit 2147483647': job({ backoffLimitPerIndex: 1 }, { 'spec/backoffLimit': 2_147_483_647 }),
  'batch/v1 Job metadata.labels spec.template.metadata.labels': job(
    { template: { metadata: { labels: LABELS } } },
    { 'metadata/labels': LABELS },
  ),
  'batch/v1 Job spec.podReplacementPolicy Failed': job(
    { podFailurePolicy: { rules: [] } },
    { 'spec/podReplacementPolicy': 'Failed' },
  ),
  'rbac.authorization.k8s.io/v1 Subject apiGroup rbac.authorization.k8s.io': {
    kind: 'rbac.authorization.k8s.io/v1.RoleBinding',
    given: { subjects: [{ kind: 'User', name: 'u' }] },
    expected: { 'subjects/[]/apiGroup': 'rbac.authorization.k8s.io' },
  },
  'autoscaling/v2 HorizontalPodAutoscaler spec.metrics [Resource cpu Utilization 80]': autoscaler(
    {},
    {
      'spec/metrics/[]': {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
      },
    },
  ),
  'autoscaling/v2 HorizontalPodAutoscaler spec.behavior.scaleUp stabilizationWindowSeconds 0, selectPolicy Max, policies Pods 4/15s + Percent 100/15s':
    autoscaler(
      { behavior: { scaleUp: { selectPolicy: 'Min' } } },
      {
        'spec/behavior/scaleUp': {
          stabilizationWindowSeconds: 0,
          selectPolicy: 'Min',
          policies: [
            { type: 'Pods', value: 4, periodSeconds: 15 },
            { type: 'Percent', value: 100, periodSeconds: 15 },
          ],
        },
      },
    ),
  'autoscaling/v2 HorizontalPodAutoscaler spec.behavior.scaleDown selectPolicy Max, policies Percent 100/15s (stabilizationWindowSeconds stays null)':
    autoscaler(
      { behavior: {} },
      {
        'spec/behavior/scaleDown': {
          selectPolicy: 'Max',
          policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
        },
      },
    ),
  'admissionregistration.k8s.io/v1 Rule scope *': {
    kind: 'admissionregistration.k8s.io/v1.ValidatingWebhookConfiguration',
    given: { webhooks: [{ rules: [{}] }] },
    expected: { 'webhooks/[]/rules/[]/scope': '*' },
  },
  'apiextensions.k8s.io/v1 CustomResourceDefinition status.storedVersions [storage version]': definition(
    { spec: { versions: [{ name: 'v1', storage: true }] } },
    { 'status/storedVersions': ['v1'] },
  ),
  'apiextensions.k8s.io/v1 CustomResourceDefinition spec.names.singular lowercase kind': definition(
    { spec: { names: { kind: 'Foo' } } },
    { 'spec/names/singular': 'foo' },
  ),
  'apiextensions.k8s.io/v1 CustomResourceDefinition spec.names.listKind kind + List': definition(
    { spec: { names: { kind: 'Foo' } } },
    { 'spec/names/listKind': 'FooList' },
  ),
  'apiextensions.k8s.io/v1 CustomResourceDefinition spec.conversion {strategy: None}': definition(
    {},
    { 'spec/conversion': { strategy: 'None' } },
  ),
  'resource.k8s.io/* Device nodeAllocatableResources[R].mapping.capacityMultiplier 1 ?': {
    kind: 'resource.k8s.io/v1.ResourceSlice',
    given: { spec: { devices: [{ name: 'd', nodeAllocatableResources: { k: { mapping: {} } } }] } },
    expected: { 'spec/devices/[]/nodeAllocatableResources/{}/mapping/capacityMultiplier': '1' },
  },
};

/** Versions of the API that a default server of this release does not serve. */
export const notServed: readonly string[] = [
  'admissionregistration.k8s.io/v1alpha1',
  'certificates.k8s.io/v1beta1',
  'resource.k8s.io/v1alpha3',
  'resource.k8s.io/v1beta1',
  'resource.k8s.io/v1beta2',
  'scheduling.k8s.io/v1alpha3',
  'scheduling.k8s.io/v1beta1',
];

const STRATEGY = 'set when the object is written: strategies.test.ts';
const ADMISSION = 'set by an admission plugin, in the API server';
const ALLOCATED = "given by the API server's allocator, which knows what is taken";
const REGISTRY = 'set by the API server for every kind';

/** Defaults that no defaulting applies, and who does. */
export const elsewhere: Readonly<Record<string, string>> = {
  'v1 PodLogOptions stream All': 'a query, not an object: the log subresource reads it',
  'autoscaling/v1 ScaleSpec replicas 0': 'a subresource, read by the kinds that scale',
  'certificates.k8s.io/v1 CertificateSigningRequestSpec (none) -': 'says that there is none',
  'resource.k8s.io/v1 DeviceTaint timeAdded now, seconds precision': STRATEGY,
  '* * metadata.uid random UUID': REGISTRY,
  '* * metadata.creationTimestamp now': REGISTRY,
  '* * metadata.name generateName + 5 chars of bcdfghjklmnpqrstvwxz2456789': REGISTRY,
  '* * metadata.generation 1, +1 on spec change': REGISTRY,
  '* * status cleared on create, kept on main-resource update': STRATEGY,
  'v1 Pod status.phase Pending': STRATEGY,
  'v1 Pod status.qosClass Guaranteed|Burstable|BestEffort from resources': STRATEGY,
  'v1 Pod status.conditions PodScheduled False SchedulingGated': STRATEGY,
  'v1 Namespace spec.finalizers [kubernetes]': STRATEGY,
  'batch/v1 Job spec.selector {matchLabels: batch.kubernetes.io/controller-uid: UID}': STRATEGY,
  'batch/v1 Job spec.template.metadata.labels controller-uid, job-name, batch.kubernetes.io/controller-uid, batch.kubernetes.io/job-name':
    STRATEGY,
  'certificates.k8s.io/v1 CertificateSigningRequest spec.username, uid, groups, extra from requester': STRATEGY,
  'v1 Service spec.clusterIP, clusterIPs allocated': ALLOCATED,
  'v1 Service spec.ipFamilies, ipFamilyPolicy [cluster default], SingleStack': ALLOCATED,
  'v1 Service spec.ports[].nodePort allocated 30000-32767': ALLOCATED,
  'v1 Service spec.healthCheckNodePort allocated': ALLOCATED,
  'networking.k8s.io/v1 Ingress spec.ingressClassName the default IngressClass': ADMISSION,
  'v1 PersistentVolumeClaim spec.storageClassName default StorageClass': ADMISSION,
  'v1 PersistentVolumeClaim metadata.finalizers kubernetes.io/pvc-protection': ADMISSION,
  'v1 PersistentVolume metadata.finalizers kubernetes.io/pv-protection': ADMISSION,
  'v1 Pod spec.serviceAccountName default': ADMISSION,
  'v1 Pod spec.volumes[kube-api-access-XXXXX] projected token 3607s + kube-root-ca.crt + namespace, mounted at /var/run/secrets/kubernetes.io/serviceaccount':
    ADMISSION,
  'v1 Pod spec.imagePullSecrets from ServiceAccount': ADMISSION,
  'v1 Pod spec.tolerations node.kubernetes.io/not-ready and unreachable Exists NoExecute 300': ADMISSION,
  'v1 Pod spec.priority, preemptionPolicy, priorityClassName from PriorityClass / global default / 0': ADMISSION,
  'v1 Pod spec.overhead, nodeSelector, tolerations from RuntimeClass': ADMISSION,
  'v1 Pod spec.containers[].resources LimitRange default, defaultRequest': ADMISSION,
};
