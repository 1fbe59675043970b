import assert from 'node:assert/strict';
import {
  configMap,
  deployment,
  horizontalPodAutoscaler,
  namespace,
  persistentVolumeClaim,
  pod,
  replicaSet,
  secret,
  serviceAccount,
  storageClass,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
  validatingWebhookConfiguration,
} from '@navarch/api';
import {
  garbageCollectorController,
  kindControllers,
  namespaceController,
  volumeBindingController,
} from '@navarch/controllers';
import type { Draft, Kind, ObjectOf } from '@navarch/machinery';
import { activePods, named, WEB, web } from '../drafts.ts';
import type { Scenario } from '../scenario.ts';
import type { World } from '../world.ts';
import { badInput } from './neighbour.ts';
import { said, told } from './told.ts';

const HELD = { finalizers: ['example.com/held'] };

const finalizer = badInput({
  name: 'bad-input/finalizer-in-namespace',
  says: 'A namespace with something that nobody lets go says what it waits for, and is looked at every few seconds only.',
  controllers: () => [namespaceController(() => [pod, configMap, secret, deployment, replicaSet])],
  // Every eight seconds: pods, then four kinds, of which one is listed twice.
  rest: { requests: 55, retries: 0 },
  async trouble(world) {
    await world.create(namespace, { metadata: { name: 'stuck' } });
    for (const name of ['a', 'b']) await world.create(configMap, { metadata: { name, namespace: 'stuck', ...HELD } });
    await world.create(secret, { metadata: { name: 'free', namespace: 'stuck' } });
    await world.remove(namespace, 'stuck');
  },
  end(view) {
    const found = view.get(namespace, 'stuck');
    assert.equal(found?.status.phase, 'Terminating');
    assert.deepEqual([view.list(secret, 'stuck').length, view.list(configMap, 'stuck').length], [0, 2]);
    said(found, 'NamespaceContentRemaining', [
      'True',
      'SomeResourcesRemain',
      /^Some resources are remaining: configmaps\. has 2 resource instances$/,
    ]);
    said(found, 'NamespaceFinalizersRemaining', [
      'True',
      'SomeFinalizersRemain',
      /^Some content in the namespace has finalizers remaining: example\.com\/held in 2 resource instances$/,
    ]);
    said(found, 'NamespaceDeletionContentFailure', ['False', 'ContentDeleted', /^All content successfully deleted/]);
  },
});

const collecting = () => [garbageCollectorController([configMap, deployment, replicaSet, pod])];

const foreground = badInput({
  name: 'bad-input/finalizer-under-foreground',
  says: 'A deployment whose pod nobody lets go waits for it without asking again and again.',
  controllers: collecting,
  rest: { requests: 0, retries: 0 },
  async trouble(world) {
    const { spec } = web(2);
    const template = { ...spec?.template, metadata: { labels: { app: 'web' }, ...HELD } };
    await world.create(deployment, web(2, { template } as unknown as Parameters<typeof web>[1]));
    await world.until('it is up', (view) => view.get(deployment, WEB)?.status.availableReplicas === 2);
    await world.remove(deployment, WEB, { propagationPolicy: 'Foreground' });
  },
  end(view) {
    assert.deepEqual(view.get(deployment, WEB)?.metadata.finalizers, ['foregroundDeletion']);
    const pods = view.list(pod, 'default');
    assert.ok(pods.length === 2 && pods.every(({ metadata }) => metadata.deletionTimestamp));
  },
});

const circle = badInput({
  name: 'bad-input/owner-cycles',
  says: 'Owners in a circle, of themselves, or that never were: what nobody deletes stays, the rest goes, and then it is quiet.',
  controllers: collecting,
  rest: { requests: 0, retries: 0 },
  async trouble(world) {
    const ring = ['a', 'b', 'c'];
    const uids = new Map<string, string>();
    for (const name of [...ring, 'self'])
      uids.set(name, (await world.create(configMap, { metadata: named(name) })).metadata.uid);
    const owns = (owner: string, name: string): Promise<unknown> =>
      world.change(configMap, `default/${name}`, (c) => ({
        ...c,
        metadata: {
          ...c.metadata,
          ownerReferences: [
            { apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: uids.get(owner) ?? '', blockOwnerDeletion: true },
          ],
        },
      }));
    for (const [i, name] of ring.entries()) await owns(ring[(i + 1) % ring.length] ?? '', name);
    await owns('self', 'self');
    uids.set('nobody', '00000000-0000-0000-0000-000000000000');
    await world.create(configMap, {
      metadata: {
        ...named('orphan'),
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: uids.get('nobody') ?? '' }],
      },
    });
    await world.pass('30s');
    assert.equal(world.view.list(configMap, 'default').filter((c) => uids.has(c.metadata.name)).length, 4);
    await world.remove(configMap, 'default/b', { propagationPolicy: 'Foreground' });
  },
  end: (view) =>
    assert.deepEqual(
      view.list(configMap, 'default').map(({ metadata }) => metadata.name),
      ['self'],
    ),
});

const refusing = async (_: unknown, body: string) => {
  const { request } = JSON.parse(body) as { readonly request: { readonly uid: string } };
  const response = { uid: request.uid, allowed: false, status: { code: 403, message: 'computer says no' } };
  const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response };
  return { status: 200, body: JSON.stringify(review) };
};

/** In the namespace `default` alone: everybody else is to be served. */
const webhook = (world: World, rules: object): Promise<unknown> =>
  world.create(validatingWebhookConfiguration, {
    metadata: { name: 'deny' },
    webhooks: [
      {
        name: 'deny.example.com',
        clientConfig: { url: 'https://deny.example.com/' },
        rules: [{ operations: ['*'], apiVersions: ['*'], ...rules }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  } as unknown as Draft<ObjectOf<typeof validatingWebhookConfiguration>>);

/** Every pod is asked about, and then a deployment wants three. */
async function askedOfPods(world: World): Promise<void> {
  await webhook(world, { apiGroups: [''], resources: ['pods'] });
  await world.pass('2s');
  await world.create(deployment, web(3));
}

const noPods = badInput({
  name: 'bad-input/webhook-refuses-pods',
  says: 'A webhook that refuses every pod is named to whoever asks why there are none.',
  server: () => ({ webhooks: { post: refusing } }),
  rest: { requests: 4, retries: 0.5 },
  trouble: askedOfPods,
  end(view) {
    const words = /admission webhook "deny\.example\.com" denied the request: computer says no$/;
    assert.equal(view.list(pod, 'default').length, 0);
    said(view.get(deployment, WEB), 'ReplicaFailure', ['True', 'FailedCreate', words]);
    told(view, 'ReplicaSet', new RegExp(`^FailedCreate: .*Error creating: ${words.source}`));
  },
});

const noAnswer = badInput({
  name: 'bad-input/webhook-is-away',
  says: 'A webhook that answers nobody is told of as such, and asked ever more seldom.',
  server: () => ({
    webhooks: { post: () => Promise.reject(new Error('dial tcp 10.0.0.1:443: connect: connection refused')) },
  }),
  rest: { requests: 4, retries: 0.5 },
  trouble: askedOfPods,
  end(view) {
    assert.equal(view.list(pod, 'default').length, 0);
    const words = /Internal error occurred: failed calling webhook "deny\.example\.com": failed to call webhook: /;
    said(view.get(deployment, WEB), 'ReplicaFailure', ['True', 'FailedCreate', words]);
    told(view, 'ReplicaSet', words);
  },
});

const noWrites = badInput({
  name: 'bad-input/webhook-refuses-all',
  says: 'Where every write is refused nothing can be told, and nothing is tried without a pause.',
  server: () => ({ webhooks: { post: refusing } }),
  rest: { requests: 10, retries: 2 },
  async trouble(world) {
    await world.create(deployment, web(3));
    await world.until('it is up', (view) => view.get(deployment, WEB)?.status.availableReplicas === 3);
    await world.change(deployment, WEB, (d) => ({ ...d, spec: { ...d.spec, replicas: 5 } }));
    await webhook(world, { apiGroups: ['*'], resources: ['*/*'] });
  },
  end: (view) => assert.equal(view.get(deployment, WEB)?.spec.replicas, 5),
});

const policy = badInput({
  name: 'bad-input/policy-refuses-pods',
  says: 'An admission policy that refuses every pod is named with its binding and its expression.',
  rest: { requests: 4, retries: 0.5 },
  async trouble(world) {
    await world.create(validatingAdmissionPolicy, {
      metadata: { name: 'deny' },
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
          resourceRules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        },
        validations: [{ expression: 'false' }],
      },
    } as unknown as Draft<ObjectOf<typeof validatingAdmissionPolicy>>);
    await world.create(validatingAdmissionPolicyBinding, {
      metadata: { name: 'everywhere' },
      spec: { policyName: 'deny', validationActions: ['Deny'] },
    } as unknown as Draft<ObjectOf<typeof validatingAdmissionPolicyBinding>>);
    await world.pass('2s');
    await world.create(deployment, web(3));
  },
  end(view) {
    const words =
      /pods "web-[a-z0-9-]+" is forbidden: ValidatingAdmissionPolicy 'deny' with binding 'everywhere' denied request: failed expression: false$/;
    assert.equal(view.list(pod, 'default').length, 0);
    said(view.get(deployment, WEB), 'ReplicaFailure', ['True', 'FailedCreate', words]);
    told(view, 'ReplicaSet', words);
  },
});

const unbound = badInput({
  name: 'bad-input/claim-never-bound',
  says: 'A claim that no volume will ever fit says what it waits for, each in its own way.',
  controllers: () => [volumeBindingController()],
  rest: { requests: 1, retries: 0.5 },
  async trouble(world) {
    await world.create(storageClass, { metadata: { name: 'elsewhere' }, provisioner: 'example.com/nobody' });
    await world.create(storageClass, {
      metadata: { name: 'late' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await world.pass('1m');
    const claims = { plain: '', unknown: 'missing', outside: 'elsewhere', waiting: 'late' };
    for (const [name, storageClassName] of Object.entries(claims))
      await world.create(persistentVolumeClaim, {
        metadata: named(name),
        spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Ei' } } },
      } as Draft<ObjectOf<typeof persistentVolumeClaim>>);
  },
  end(view) {
    assert.ok(view.list(persistentVolumeClaim).every(({ status }) => status.phase === 'Pending'));
    for (const words of [
      /^FailedBinding: no persistent volumes available for this claim and no storage class is set$/,
      /^ProvisioningFailed: storageclass\.storage\.k8s\.io "missing" not found$/,
      /^ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'example\.com\/nobody' or manually by the system administrator\. If volume creation is delayed, please verify that the provisioner is running and correctly registered\.$/,
      /^WaitForFirstConsumer: waiting for first consumer to be created before binding$/,
    ])
      told(view, 'PersistentVolumeClaim', words);
  },
});

const autoscaling = (kinds: readonly Kind<any>[]) =>
  kindControllers(kinds).filter(({ name }) => name === 'horizontal-pod-autoscaler-controller');

const unmeasured = badInput({
  name: 'bad-input/autoscaler-without-metrics',
  says: 'An autoscaler that gets no metrics leaves the size as it is, and says whom it could not ask.',
  controllers: () => autoscaling([deployment, replicaSet, pod]),
  // Every fifteen seconds: the size, the metrics; and the event counts up.
  rest: { requests: 40, retries: 0 },
  async trouble(world) {
    await world.create(serviceAccount, { metadata: named('any') });
    await world.create(deployment, web(2));
    await world.create(horizontalPodAutoscaler, {
      metadata: named('web'),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 9,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      },
    } as unknown as Draft<ObjectOf<typeof horizontalPodAutoscaler>>);
  },
  end(view) {
    const found = view.get(horizontalPodAutoscaler, WEB);
    const words =
      'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource \\(get pods\\.metrics\\.k8s\\.io\\)$';
    said(found, 'AbleToScale', [
      'True',
      'SucceededGetScale',
      /^the HPA controller was able to get the target's current scale$/,
    ]);
    said(found, 'ScalingActive', [
      'False',
      'FailedGetResourceMetric',
      new RegExp(`^the HPA was unable to compute the replica count: ${words}`),
    ]);
    told(view, 'HorizontalPodAutoscaler', new RegExp(`^FailedGetResourceMetric: ${words}`));
    told(
      view,
      'HorizontalPodAutoscaler',
      new RegExp(
        `^FailedComputeMetricsReplicas: invalid metrics \\(1 invalid out of 1\\), first error is: failed to get cpu resource metric value: ${words}`,
      ),
    );
    assert.equal(activePods(view).filter((p) => p.metadata.namespace === 'default').length, 2);
  },
});

const fought = badInput({
  name: 'bad-input/two-autoscalers',
  says: 'Two autoscalers of the same pods both say so, and neither moves anything.',
  controllers: () => autoscaling([deployment, replicaSet, pod]),
  rest: { requests: 40, retries: 0 },
  async trouble(world) {
    await world.create(deployment, web(2));
    for (const [name, minReplicas] of [
      ['small', 1],
      ['large', 2],
    ] as const)
      await world.create(horizontalPodAutoscaler, {
        metadata: named(name),
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
          minReplicas,
          maxReplicas: 9,
        },
      } as unknown as Draft<ObjectOf<typeof horizontalPodAutoscaler>>);
  },
  end(view) {
    for (const name of ['small', 'large'])
      said(view.get(horizontalPodAutoscaler, `default/${name}`), 'ScalingActive', [
        'False',
        'AmbiguousSelector',
        /^pods by selector app=web are controlled by multiple HPAs: \[default\/(small|large) default\/(small|large)\]$/,
      ]);
    told(
      view,
      'HorizontalPodAutoscaler',
      /^AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: /,
    );
    assert.equal(view.get(deployment, WEB)?.spec.replicas, 2);
  },
});

export const badClusterScenarios: readonly Scenario[] = [
  finalizer,
  foreground,
  circle,
  noPods,
  noAnswer,
  noWrites,
  policy,
  unbound,
  unmeasured,
  fought,
];
