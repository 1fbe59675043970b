import assert from 'node:assert/strict';
import {
  configMap,
  type ConfigMap,
  customResourceDefinition,
  namespace,
  validatingWebhookConfiguration,
} from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, isGone, untilRunning } from '../../pods.ts';
import { getJson } from '../../requests.ts';
import { PAUSE } from '../../testhost.ts';
import { deployWebhooks, type Hook, kindOf, on, type WebhookServer } from '../../webhook-server.ts';
import { defineOwn, denyCustomResources, mutateAcrossVersions, mutateOwn, text } from './custom-resource-webhooks.ts';
import { isDenied, type Json, MARK, stages, STAGES } from './webhook-steps.ts';

const official = '[sig-api-machinery] AdmissionWebhook';
/** A test with its own webhook server. */
const webhookTest = (
  name: string,
  run: (context: TestContext, server: WebhookServer) => Promise<void>,
): ConformanceTest =>
  conformanceTest(`${official} ${name}`, async (context) => run(context, await deployWebhooks(context)));

const createMap = (
  context: TestContext,
  name: string,
  data: Readonly<Record<string, string>>,
  inNamespace = context.namespace,
): Promise<ConfigMap> => context.api.of(configMap).create({ metadata: { name, namespace: inNamespace }, data });

async function denyPodsAndMaps(context: TestContext, server: WebhookServer): Promise<void> {
  const bypass = `skip-${context.unique}`;
  const elsewhere = [
    { key: bypass, operator: 'NotIn', values: ['yes'] },
    { key: `${context.unique}-markers`, operator: 'DoesNotExist' },
    { key: 'kubernetes.io/metadata.name', operator: 'In', values: [context.namespace, `exempted-${context.unique}`] },
  ];
  await server.register('validating', context.unique, [
    server.webhookOf({
      name: 'deny-unwanted-pod-container-name-and-label.k8s.io',
      path: '/pods',
      rules: on('pods', ['CREATE']),
    }),
    server.webhookOf({
      name: 'deny-unwanted-configmap-data.k8s.io',
      path: '/configmaps',
      rules: on('configmaps', ['CREATE', 'UPDATE', 'DELETE']),
      namespaceSelector: { matchExpressions: elsewhere as never },
    }),
  ]);
  const bad = createPod(
    context,
    'disallowed-pod',
    { containers: [{ name: 'webhook-disallow', image: PAUSE }] },
    { labels: { [MARK]: 'webhook-disallow' } },
  );
  await isDenied(bad, 'the pod contains unwanted container name', 'the pod contains unwanted label');
  const hanging = createPod(
    context,
    'hanging-pod',
    { containers: [{ name: 'wait-forever', image: PAUSE }] },
    { labels: { [MARK]: 'wait-forever' } },
  );
  await isDenied(hanging, 'webhook', 'deadline');
  assert.ok(await isGone(context, 'hanging-pod'));
  const unwanted = 'the configmap contains unwanted key and value';
  await isDenied(createMap(context, 'disallowed-configmap', { [MARK]: 'webhook-disallow' }), unwanted);
  await createMap(context, 'allowed-configmap', { admit: 'this' });
  const maps = context.api.of(configMap);
  const key = `${context.namespace}/allowed-configmap`;
  await isDenied(
    maps.update(key, (map) => ({ ...map, data: { ...map.data, [MARK]: 'webhook-disallow' } })),
    unwanted,
  );
  await isDenied(maps.patch(key, { type: 'strategic', body: { data: { [MARK]: 'webhook-disallow' } } }), unwanted);
  const exempted = `exempted-${context.unique}`;
  context.cleanup(() => context.api.of(namespace).delete(exempted));
  await context.api.of(namespace).create({ metadata: { name: exempted, labels: { [bypass]: 'yes' } } });
  await createMap(context, 'disallowed-configmap', { [MARK]: 'webhook-disallow' }, exempted);
}

async function denyAttaching(context: TestContext, server: WebhookServer): Promise<void> {
  await server.register('validating', context.unique, [
    server.webhookOf({
      name: 'deny-attaching-pod.k8s.io',
      path: '/pods/attach',
      rules: on('pods/attach', ['CONNECT']),
    }),
  ]);
  await createPod(context, 'to-be-attached-pod', { containers: [{ name: 'container1', image: PAUSE }] });
  await untilRunning(context, 'to-be-attached-pod');
  await isDenied(
    context.kubectl(['attach', 'to-be-attached-pod', '-i', '-c=container1']),
    "attaching to pod 'to-be-attached-pod' is not allowed",
  );
}

async function failClosed(context: TestContext, server: WebhookServer): Promise<void> {
  const [label, name] = [`fail-closed-${context.unique}`, `fail-closed-${context.unique}`];
  await server.register('validating', context.unique, [
    server.webhookOf({
      name: 'fail-closed.k8s.io',
      path: '/configmaps',
      rules: on('configmaps', ['CREATE']),
      isUntrusted: true,
      failurePolicy: 'Fail',
      namespaceSelector: { matchExpressions: [{ key: label, operator: 'In', values: ['yes'] }] },
    }),
  ]);
  context.cleanup(() => context.api.of(namespace).delete(name));
  await context.api.of(namespace).create({ metadata: { name, labels: { [label]: 'yes' } } });
  await assert.rejects(createMap(context, 'foo', { a: 'b' }, name), (error) => hasReason(error, 'InternalError'));
}

async function mutatePods(context: TestContext, server: WebhookServer): Promise<void> {
  await server.register('mutating', context.unique, [
    server.webhookOf({ name: 'adding-init-container.k8s.io', path: '/mutating-pods', rules: on('pods', ['CREATE']) }),
  ]);
  const { spec } = await createPod(context, 'webhook-to-be-mutated', {
    containers: [{ name: 'example', image: PAUSE }],
  });
  assert.equal(spec.initContainers?.length, 1);
  assert.equal(spec.initContainers[0]?.name, 'webhook-added-init-container');
  assert.equal(spec.initContainers[0]?.terminationMessagePolicy, 'File');
}

/** Neither a denial of their deletion nor an added label may reach the configurations themselves. */
async function sparesConfigurations(context: TestContext, server: WebhookServer): Promise<void> {
  const resources = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'];
  const onConfigurations = (operation: string): ReturnType<typeof on> =>
    on(resources, [operation], ['admissionregistration.k8s.io'], ['*']);
  await server.register('validating', `${context.unique}-deny`, [
    server.webhookOf({
      name: 'deny-webhook-configuration-deletions.k8s.io',
      path: '/always-deny',
      rules: onConfigurations('DELETE'),
      namespaceSelector: {},
    }),
  ]);
  await server.register('mutating', `${context.unique}-label`, [
    server.webhookOf({
      name: 'add-label-to-webhook-configurations.k8s.io',
      path: '/add-label',
      rules: onConfigurations('CREATE'),
      namespaceSelector: {},
    }),
  ]);
  for (const kind of ['validating', 'mutating'] as const) {
    const api = context.api.of(kindOf[kind] as typeof validatingWebhookConfiguration);
    const name = `dummy-${kind}-${context.unique}`;
    context.cleanup(() => api.delete(name));
    const made = await api.create({
      metadata: { name },
      webhooks: [
        server.webhookOf({
          name: 'dummy-webhook.k8s.io',
          path: '/always-deny',
          rules: on('invalid', ['CREATE']),
          failurePolicy: 'Ignore',
          namespaceSelector: {},
        }),
      ] as never,
    });
    assert.equal(made.metadata.labels?.['added-label'], undefined);
    await api.delete(name);
  }
}

async function denyDefinitions(context: TestContext, server: WebhookServer): Promise<void> {
  await server.register('validating', context.unique, [
    server.webhookOf({
      name: 'deny-crd-with-unwanted-label.k8s.io',
      path: '/crd',
      rules: on('customresourcedefinitions', ['CREATE'], ['apiextensions.k8s.io'], ['*']),
      namespaceSelector: {},
      objectSelector: { matchLabels: { [context.unique]: 'true' } },
    }),
  ]);
  const group = `unwanted-${context.unique}.example.com`;
  const definition = context.api.of(customResourceDefinition).create({
    metadata: { name: `unwanteds.${group}`, labels: { [MARK]: 'webhook-disallow', [context.unique]: 'true' } },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'unwanteds', singular: 'unwanted', kind: 'Unwanted', listKind: 'UnwantedList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  } as never);
  context.cleanup(() => context.api.of(customResourceDefinition).delete(`unwanteds.${group}`));
  await isDenied(definition, 'the crd contains unwanted label');
}

async function honorTimeouts(context: TestContext, server: WebhookServer): Promise<void> {
  const maps = context.api.of(configMap);
  const attempt = async (
    timing: Pick<Hook, 'timeoutSeconds' | 'failurePolicy'>,
    check: (work: Promise<ConfigMap>) => Promise<unknown>,
  ): Promise<void> => {
    const { remove } = await server.register('validating', context.unique, [
      server.webhookOf({
        name: 'allow-configmap-with-delay-webhook.k8s.io',
        path: '/always-allow-delay-5s',
        rules: on('configmaps', ['CREATE']),
        ...timing,
      }),
    ]);
    await check(createMap(context, 'e2e-test-slow-webhook-configmap', {}));
    await remove();
    await maps.delete(`${context.namespace}/e2e-test-slow-webhook-configmap`).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
    });
  };
  await attempt({ timeoutSeconds: 1, failurePolicy: 'Fail' }, (work) =>
    isDenied(work, 'context deadline exceeded', '/always-allow-delay-5s?timeout=1s'),
  );
  await attempt({ timeoutSeconds: 1, failurePolicy: 'Ignore' }, (work) => work);
  await attempt({ timeoutSeconds: 10, failurePolicy: 'Fail' }, (work) => work);
  await attempt({ failurePolicy: 'Fail' }, (work) => work);
}

export const admissionWebhookTests = [
  conformanceTest(`${official} should include webhook resources in discovery documents`, async (context) => {
    const { groups } = await getJson<Json>(context, '/apis');
    const group = groups.find(({ name }: Json) => name === 'admissionregistration.k8s.io');
    assert.ok(
      group?.versions.some(
        ({ groupVersion, version }: Json) => groupVersion === 'admissionregistration.k8s.io/v1' && version === 'v1',
      ),
    );
    const { versions } = await getJson<Json>(context, '/apis/admissionregistration.k8s.io');
    assert.ok(
      versions.some(
        ({ groupVersion, version }: Json) => groupVersion === 'admissionregistration.k8s.io/v1' && version === 'v1',
      ),
    );
    const { resources } = await getJson<Json>(context, '/apis/admissionregistration.k8s.io/v1');
    for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
      assert.ok(
        resources.some((r: Json) => r['kind'] === kind && r['name'] === `${kind.toLowerCase()}s`),
        kind,
      );
    }
  }),
  webhookTest('should be able to deny pod and configmap creation', denyPodsAndMaps),
  webhookTest('should be able to deny attaching pod', denyAttaching),
  webhookTest('should be able to deny custom resource creation, update and deletion', denyCustomResources),
  webhookTest('should unconditionally reject operations on fail closed webhook', failClosed),
  webhookTest('should mutate configmap', async (context, server) => {
    await server.register(
      'mutating',
      context.unique,
      stages(server, 'adding-configmap-data', '/mutating-configmaps', on('configmaps', ['CREATE'])),
    );
    const { data } = await createMap(context, 'to-be-mutated', { 'mutation-start': 'yes' });
    assert.deepEqual(data, STAGES);
  }),
  webhookTest('should mutate pod and apply defaults after mutation', mutatePods),
  webhookTest(
    'should not be able to mutate or prevent deletion of webhook configuration objects',
    sparesConfigurations,
  ),
  webhookTest('should mutate custom resource', async (context, server) =>
    mutateOwn(context, server, await defineOwn(context), STAGES),
  ),
  webhookTest('should mutate custom resource with pruning', async (context, server) => {
    const own = await defineOwn(context, {
      schema: {
        type: 'object',
        properties: { data: { type: 'object', properties: { 'mutation-start': text, 'mutation-stage-1': text } } },
      },
    });
    const { 'mutation-stage-2': _, ...kept } = STAGES;
    await mutateOwn(context, server, own, kept);
  }),
  webhookTest('should mutate custom resource with different stored version', mutateAcrossVersions),
  webhookTest('should deny crd creation', denyDefinitions),
  webhookTest('should honor timeout', honorTimeouts),
];
