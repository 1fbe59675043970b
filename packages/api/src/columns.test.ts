import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Kind, decode } from '@navarch/machinery';
import type { ColumnFacts } from './column-facts.ts';
import { columnFacts } from './generated/tables/columns.ts';
import { builtinKinds } from './kinds.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const kindOf = (name: string): Kind<any> => {
  const found = builtinKinds.find((kind) => `${kind.group}/${kind.version}.${kind.kind}` === name);
  assert.ok(found, name);
  return found;
};

/** What a default server of this release does not serve, and tables of what is no kind of its own. */
const notServed: Readonly<Record<string, string>> = {
  '/ComponentStatus': 'asked and answered, never stored',
  '/Status': 'no resource',
  'autoscaling/Scale': 'a subresource of several kinds',
  'checkpoint.k8s.io/PodCheckpoint': 'alpha',
  'coordination.k8s.io/LeaseCandidate': 'beta, off by default',
  'internal.apiserver.k8s.io/StorageVersion': 'alpha',
  'lifecycle.k8s.io/Eviction': 'alpha',
  'lifecycle.k8s.io/EvictionRequest': 'alpha',
  'metrics.k8s.io/NodeMetrics': 'served by an add-on',
  'metrics.k8s.io/PodMetrics': 'served by an add-on',
  'resource.k8s.io/ResourcePoolStatusRequest': 'alpha',
  'scheduling.k8s.io/CompositePodGroup': 'alpha',
  'scheduling.k8s.io/PodGroup': 'beta, off by default',
  'scheduling.k8s.io/Workload': 'beta, off by default',
};

test('every kind has exactly the columns that the fact table lists', () => {
  for (const [name, facts] of Object.entries(columnFacts) as [string, readonly ColumnFacts[]][]) {
    const [group, kindName] = name.split('/');
    const kinds = builtinKinds.filter((kind) => kind.group === group && kind.kind === kindName);
    assert.equal(kinds.length === 0, name in notServed, name);
    for (const kind of kinds) {
      const shown = kind.columns.map((column) => [column.name, column.type, column.format ?? '', column.priority]);
      assert.deepEqual(
        shown,
        facts.map((fact) => fact.slice(0, 4)),
        name,
      );
    }
  }
  for (const kind of builtinKinds) assert.ok(kind.columns.length > 0, kind.kind);
});

test('cells of an empty object can be shown: nothing is read that may be absent', () => {
  for (const kind of builtinKinds) {
    const { value } = decode(kind.schema, { metadata: { name: 'x' } });
    kind.behaviour.complete?.(value as any);
    for (const column of kind.columns) {
      const cell = column.value(value, { now: NOW });
      assert.ok(
        ['string', 'number', 'boolean'].includes(typeof cell) || cell === null || cell === undefined,
        `${kind.kind} ${column.name}`,
      );
    }
  }
});

/** The cells of an object, the wide ones after a bar. */
function row(name: string, given: Readonly<Record<string, unknown>>): string {
  const kind = kindOf(name);
  const { value } = decode(kind.schema, {
    ...given,
    metadata: { name: 'x', creationTimestamp: '2026-11-21T11:00:00Z', ...(given['metadata'] as object) },
  });
  kind.behaviour.complete?.(value as any);
  const cells = (priority: number): string =>
    kind.columns
      .filter((column) => column.priority === priority)
      .map((column) => column.value(value, { now: NOW }))
      .join(' ; ');
  return [cells(0), cells(1)].filter(Boolean).join(' | ');
}

const template = {
  metadata: { labels: { app: 'x' } },
  spec: {
    containers: [
      { name: 'c', image: 'i' },
      { name: 'd', image: 'j' },
    ],
  },
};
const selector = { matchLabels: { app: 'x' } };

test('rows of every kind read as kubectl shows them', () => {
  const rows: readonly (readonly [kind: string, object: Readonly<Record<string, unknown>>, expected: string])[] = [
    ['/v1.ConfigMap', { data: { a: '1' }, binaryData: { b: '' } }, 'x ; 2 ; 60m'],
    ['/v1.Secret', { data: { a: '' } }, 'x ; Opaque ; 1 ; 60m'],
    ['/v1.ServiceAccount', {}, 'x ; 60m'],
    ['/v1.LimitRange', {}, 'x ; 2026-11-21T11:00:00Z'],
    ['/v1.Namespace', { status: { phase: 'Terminating' } }, 'x ; Terminating ; 60m'],
    [
      '/v1.Endpoints',
      { subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [{ port: 80 }, { port: 81 }] }] },
      'x ; 10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more... ; 60m',
    ],
    ['/v1.Endpoints', {}, 'x ; <none> ; 60m'],
    [
      '/v1.Event',
      {
        involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec' },
        reason: 'R',
        message: ' m ',
        type: 'Normal',
        source: { component: 'c', host: 'h' },
        count: 3,
        firstTimestamp: '2026-11-21T10:00:00Z',
        lastTimestamp: '2026-11-21T11:58:00Z',
      },
      '2m ; Normal ; R ; pod/p ; m | spec ; c, h ; 120m ; 3 ; x',
    ],
    [
      'events.k8s.io/v1.Event',
      {
        regarding: { kind: 'Pod', name: 'p' },
        reason: 'R',
        note: 'm',
        type: 'Normal',
        reportingController: 'c',
        reportingInstance: 'i',
        eventTime: '2026-11-21T11:59:30.000000Z',
      },
      '30s ; Normal ; R ; pod/p ; m |  ; c, i ; 30s ; 1 ; x',
    ],
    [
      '/v1.PersistentVolume',
      {
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
          claimRef: { namespace: 'n', name: 'c' },
          storageClassName: 's',
        },
        status: { phase: 'Bound' },
      },
      'x ; 1Gi ; RWO,RWX ; Retain ; Bound ; n/c ; s ; <unset> ;  ; 60m | Filesystem',
    ],
    [
      '/v1.PersistentVolumeClaim',
      {
        spec: { volumeName: 'v', storageClassName: 's' },
        status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] },
      },
      'x ; Bound ; v ; 1Gi ; RWO ; s ; <unset> ; 60m | Filesystem',
    ],
    [
      '/v1.PersistentVolumeClaim',
      { metadata: { deletionTimestamp: '2026-11-21T11:00:00Z' } },
      'x ; Terminating ;  ;  ;  ;  ; <unset> ; 60m | Filesystem',
    ],
    ['/v1.PodTemplate', { template }, 'x ; c,d ; i,j ; app=x'],
    [
      '/v1.ReplicationController',
      { spec: { template }, status: { replicas: 1 } },
      'x ; 1 ; 1 ; 0 ; 60m | c,d ; i,j ; app=x',
    ],
    [
      '/v1.ResourceQuota',
      { status: { hard: { pods: '4', 'limits.cpu': '2', cpu: '1' }, used: { pods: '1' } } },
      'x ; cpu: 0/1, pods: 1/4 ; limits.cpu: 0/2 ; 60m',
    ],
    [
      '/v1.Service',
      {
        spec: {
          type: 'NodePort',
          clusterIP: '10.0.0.1',
          clusterIPs: ['10.0.0.1'],
          ports: [
            { port: 80, nodePort: 30_080 },
            { port: 53, protocol: 'UDP' },
          ],
          selector: { b: '2', a: '1' },
        },
      },
      'x ; NodePort ; 10.0.0.1 ; <none> ; 80:30080/TCP,53/UDP ; 60m | a=1,b=2',
    ],
    [
      '/v1.Service',
      { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.1' } },
      'x ; LoadBalancer ; 10.0.0.1 ; <pending> ; <none> ; 60m | <none>',
    ],
    [
      '/v1.Service',
      { spec: { type: 'ExternalName', externalName: 'e.org' } },
      'x ; ExternalName ; <none> ; e.org ; <none> ; 60m | <none>',
    ],
    [
      'apps/v1.Deployment',
      {
        spec: { selector, template, replicas: 3 },
        status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
      },
      'x ; 1/3 ; 2 ; 1 ; 60m | c,d ; i,j ; app=x',
    ],
    [
      'apps/v1.DaemonSet',
      { spec: { selector, template }, status: { desiredNumberScheduled: 2, currentNumberScheduled: 1 } },
      'x ; 2 ; 1 ; 0 ; 0 ; 0 ; <none> ; 60m | c,d ; i,j ; app=x',
    ],
    [
      'apps/v1.StatefulSet',
      { spec: { selector, template, replicas: 2 }, status: { readyReplicas: 1 } },
      'x ; 1/2 ; 60m | c,d ; i,j',
    ],
    [
      'apps/v1.ControllerRevision',
      {
        revision: 3,
        metadata: {
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'u', controller: true }],
        },
      },
      'x ; statefulset.apps/web ; 3 ; 60m',
    ],
    [
      'batch/v1.Job',
      { spec: { template, completions: 3 }, status: { succeeded: 1, startTime: '2026-11-21T11:58:30Z' } },
      'x ; Running ; 1/3 ; 90s ; 60m | c,d ; i,j ; <none>',
    ],
    [
      'batch/v1.Job',
      {
        spec: { template, parallelism: 4 },
        status: {
          conditions: [{ type: 'Complete', status: 'True' }],
          startTime: '2026-11-21T11:00:00Z',
          completionTime: '2026-11-21T11:00:05Z',
        },
      },
      'x ; Complete ; 0/1 of 4 ; 5s ; 60m | c,d ; i,j ; <none>',
    ],
    [
      'batch/v1.CronJob',
      {
        spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } },
        status: { lastScheduleTime: '2026-11-21T11:59:00Z' },
      },
      'x ; * * * * * ; <none> ; False ; 0 ; 60s ; 60m | c,d ; i,j ; <none>',
    ],
    [
      'autoscaling/v2.HorizontalPodAutoscaler',
      {
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 5 },
        status: {
          currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 10 } } }],
        },
      },
      'x ; Deployment/d ; cpu: 10%/80% ; 1 ; 5 ; 0 ; 60m',
    ],
    [
      'autoscaling/v1.HorizontalPodAutoscaler',
      {
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 5, targetCPUUtilizationPercentage: 50 },
      },
      'x ; Deployment/d ; cpu: <unknown>/50% ; 1 ; 5 ; 0 ; 60m',
    ],
    [
      'networking.k8s.io/v1.Ingress',
      {
        spec: { ingressClassName: 'n', tls: [{}], rules: ['a.b', 'c.d', 'e.f', 'g.h'].map((host) => ({ host })) },
        status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
      },
      'x ; n ; a.b,c.d,e.f + 1 more... ; 1.2.3.4 ; 80, 443 ; 60m',
    ],
    ['networking.k8s.io/v1.Ingress', {}, 'x ; <none> ; * ;  ; 80 ; 60m'],
    [
      'networking.k8s.io/v1.IngressClass',
      { spec: { controller: 'a/b', parameters: { apiGroup: 'g.io', kind: 'K', name: 'p' } } },
      'x ; a/b ; K.g.io/p ; 60m',
    ],
    ['networking.k8s.io/v1.NetworkPolicy', { spec: { podSelector: selector } }, 'x ; app=x ; 60m'],
    [
      'networking.k8s.io/v1.IPAddress',
      { spec: { parentRef: { resource: 'services', namespace: 'n', name: 's' } } },
      'x ; services/n/s',
    ],
    ['networking.k8s.io/v1.ServiceCIDR', { spec: { cidrs: ['10.0.0.0/16'] } }, 'x ; 10.0.0.0/16 ; 60m'],
    [
      'policy/v1.PodDisruptionBudget',
      { spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 1 } },
      'x ; 50% ; N/A ; 1 ; 60m',
    ],
    [
      'storage.k8s.io/v1.StorageClass',
      { provisioner: 'p', metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } },
      'x (default) ; p ; Delete ; Immediate ; false ; 60m',
    ],
    ['storage.k8s.io/v1.CSIDriver', {}, 'x ; true ; false ; false ; <unset> ; false ; Persistent ; 60m'],
    [
      'storage.k8s.io/v1.VolumeAttachment',
      { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } } },
      'x ; a ; v ; n ; false ; 60m',
    ],
    ['scheduling.k8s.io/v1.PriorityClass', { value: 7 }, 'x ; 7 ; false ; 60m ; PreemptLowerPriority'],
    ['coordination.k8s.io/v1.Lease', { spec: { holderIdentity: 'h' } }, 'x ; h ; 60m'],
    [
      'discovery.k8s.io/v1.EndpointSlice',
      {
        addressType: 'IPv4',
        ports: [{ port: 80 }, {}],
        endpoints: ['1', '2', '3', '4'].map((n) => ({ addresses: [`10.0.0.${n}`] })),
      },
      'x ; IPv4 ; 80,* ; 10.0.0.1,10.0.0.2,10.0.0.3 + 1 more... ; 60m',
    ],
    ['discovery.k8s.io/v1.EndpointSlice', { addressType: 'IPv4' }, 'x ; IPv4 ; <unset> ; <unset> ; 60m'],
    [
      'certificates.k8s.io/v1.CertificateSigningRequest',
      {
        spec: { signerName: 's', username: 'u', expirationSeconds: 3600 },
        status: { certificate: 'YQ==', conditions: [{ type: 'Approved', status: 'True' }] },
      },
      'x ; 60m ; s ; u ; 60m ; Approved,Issued',
    ],
    [
      'rbac.authorization.k8s.io/v1.RoleBinding',
      {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'Group', name: 'g' },
          { kind: 'ServiceAccount', namespace: 'n', name: 's' },
        ],
      },
      'x ; Role/r ; 60m | u ; g ; n/s',
    ],
    [
      'flowcontrol.apiserver.k8s.io/v1.FlowSchema',
      { spec: { priorityLevelConfiguration: { name: 'p' } } },
      'x ; p ; 1000 ; <none> ; 60m ; ?',
    ],
    [
      'flowcontrol.apiserver.k8s.io/v1.PriorityLevelConfiguration',
      { spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } } },
      'x ; Limited ; 30 ; 64 ; 8 ; 50 ; 60m',
    ],
    [
      'apiregistration.k8s.io/v1.APIService',
      {
        spec: { service: { namespace: 'n', name: 's' } },
        status: { conditions: [{ type: 'Available', status: 'False', reason: 'Down' }] },
      },
      'x ; n/s ; False (Down) ; 60m',
    ],
    [
      'apiregistration.k8s.io/v1.APIService',
      { status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] } },
      'x ; Local ; True ; 60m',
    ],
    [
      'admissionregistration.k8s.io/v1.ValidatingAdmissionPolicy',
      { spec: { validations: [{ expression: 'true' }] } },
      'x ; 1 ; <unset> ; 60m',
    ],
    [
      'admissionregistration.k8s.io/v1.ValidatingAdmissionPolicyBinding',
      { spec: { policyName: 'p', paramRef: { name: 'r' } } },
      'x ; p ; */r ; 60m',
    ],
    ['admissionregistration.k8s.io/v1.MutatingWebhookConfiguration', { webhooks: [{ name: 'a.b.c' }] }, 'x ; 1 ; 60m'],
    [
      'resource.k8s.io/v1.ResourceClaim',
      { status: { allocation: {}, reservedFor: [{ name: 'p' }] } },
      'x ; allocated,reserved ; 60m',
    ],
    ['resource.k8s.io/v1.ResourceClaim', {}, 'x ; pending ; 60m'],
    [
      'storagemigration.k8s.io/v1.StorageVersionMigration',
      { spec: { resource: { group: 'apps', resource: 'deployments' } } },
      'x ; deployments.apps',
    ],
  ];
  for (const [kind, object, expected] of rows) assert.equal(row(kind, object), expected, kind);
});

test('the status of a pod is the word kubectl has for it', () => {
  const status = (given: object, metadata: object = {}): string =>
    row('/v1.Pod', {
      metadata,
      spec: {
        containers: [{ name: 'a' }, { name: 'b' }],
        initContainers: [{ name: 'i' }, { name: 's', restartPolicy: 'Always' }],
      },
      status: given,
    }).split(' ; ')[2] ?? '';
  const of = (...states: readonly object[]): readonly object[] =>
    states.map((state, i) => ({ name: 'ab'[i], state, ready: 'running' in state }));
  const done = [
    { name: 'i', state: { terminated: { exitCode: 0 } } },
    { name: 's', started: true, state: { running: {} } },
  ];
  const ready = [{ type: 'Ready', status: 'True' }];
  const cases: readonly (readonly [expected: string, status: object, metadata?: object])[] = [
    ['Pending', { phase: 'Pending' }],
    ['Evicted', { phase: 'Failed', reason: 'Evicted' }],
    [
      'SchedulingGated',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    ],
    [
      'Init:0/2',
      { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { waiting: { reason: 'PodInitializing' } } }] },
    ],
    [
      'Init:CrashLoopBackOff',
      { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
    ],
    [
      'Init:ExitCode:3',
      { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 3 } } }] },
    ],
    [
      'Init:Signal:9',
      { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 137, signal: 9 } } }] },
    ],
    [
      'PodInitializing',
      {
        phase: 'Pending',
        initContainerStatuses: done,
        containerStatuses: of({ waiting: { reason: 'PodInitializing' } }),
      },
    ],
    [
      'Running',
      {
        phase: 'Running',
        initContainerStatuses: done,
        conditions: ready,
        containerStatuses: of({ running: {} }, { running: {} }),
      },
    ],
    [
      'CrashLoopBackOff',
      {
        phase: 'Running',
        initContainerStatuses: done,
        containerStatuses: of({ waiting: { reason: 'CrashLoopBackOff' } }, { running: {} }),
      },
    ],
    [
      'Running',
      {
        phase: 'Running',
        initContainerStatuses: done,
        conditions: ready,
        containerStatuses: of({ terminated: { exitCode: 0, reason: 'Completed' } }, { running: {} }),
      },
    ],
    [
      'NotReady',
      {
        phase: 'Running',
        initContainerStatuses: done,
        containerStatuses: of({ terminated: { exitCode: 0, reason: 'Completed' } }, { running: {} }),
      },
    ],
    [
      'Error',
      {
        phase: 'Failed',
        initContainerStatuses: done,
        containerStatuses: of(
          { terminated: { exitCode: 0, reason: 'Completed' } },
          { terminated: { exitCode: 1, reason: 'Error' } },
        ),
      },
    ],
    [
      'Completed',
      {
        phase: 'Succeeded',
        initContainerStatuses: done,
        containerStatuses: of({ terminated: { exitCode: 0, reason: 'Completed' } }),
      },
    ],
    ['Terminating', { phase: 'Running' }, { deletionTimestamp: '2026-11-21T11:00:00Z' }],
    ['Unknown', { phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: '2026-11-21T11:00:00Z' }],
  ];
  for (const [expected, given, metadata] of cases) assert.equal(status(given, metadata), expected);
});

test('what of a pod is ready and was restarted is counted as far as the pod has come', () => {
  const cells = (given: object): string => {
    const spec = {
      containers: [{ name: 'a' }, { name: 'b' }],
      initContainers: [{ name: 's', restartPolicy: 'Always' }, { name: 'i' }, { name: 't', restartPolicy: 'Always' }],
    };
    const [, ready, , restarts] = row('/v1.Pod', { spec, status: given }).split(' ; ');
    return `${ready} ${restarts}`;
  };
  const restarted = (minutes: number): object => ({
    lastState: { terminated: { exitCode: 1, finishedAt: new Date(NOW - minutes * 60_000).toISOString() } },
  });
  const sidecar = { ready: true, started: true, state: { running: {} }, restartCount: 1 };
  const running = ['a', 'b'].map((name) => ({ name, ready: true, state: { running: {} }, restartCount: 2 }));
  const initializing = [
    { name: 's', ...sidecar },
    { name: 'i', state: { waiting: { reason: 'PodInitializing' } }, restartCount: 4 },
    { name: 't', ...sidecar },
  ];
  const through = [
    { name: 's', ...sidecar, ...restarted(5) },
    { name: 'i', state: { terminated: { exitCode: 0 } }, restartCount: 4, ...restarted(1) },
    { name: 't', ...sidecar, ready: false },
  ];
  for (const [expected, given] of [
    ['0/4 0', {}],
    ['1/4 5', { initContainerStatuses: initializing, containerStatuses: running }],
    [
      '3/4 5',
      {
        initContainerStatuses: initializing,
        containerStatuses: running,
        conditions: [{ type: 'Initialized', status: 'True' }],
      },
    ],
    ['3/4 6 (5m ago)', { initContainerStatuses: through, containerStatuses: running }],
    [
      '3/4 0 (9m ago)',
      {
        initContainerStatuses: [],
        containerStatuses: [
          { ...running[0], restartCount: 0, ...restarted(9) },
          ...running.map((c) => ({ ...c, restartCount: 0 })),
        ],
      },
    ],
  ] as const)
    assert.equal(cells(given), expected, expected);
});
