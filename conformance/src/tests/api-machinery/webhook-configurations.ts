import assert from 'node:assert/strict';
import { configMap, type ConfigMap, type ValidatingWebhook, validatingWebhookConfiguration } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { until } from '../../until.ts';
import { deployWebhooks, type HookKind, kindOf, on, ofTest, type WebhookServer } from '../../webhook-server.ts';

const official = '[sig-api-machinery] AdmissionWebhook';
/** How soon a changed configuration must be followed. */
const FOLLOW_MS = 30_000;
const COUNT = 10;

/** What is made, and whether a webhook had its say in it: refused it, or left its mark. */
const hadItsSay: Readonly<Record<HookKind, (context: TestContext) => Promise<boolean>>> = {
  async validating(context) {
    try {
      await probe(context, { 'webhook-e2e-test': 'webhook-disallow' });
      return false;
    } catch (error) {
      if ((error as Error).message.includes('denied')) return true;
      throw error;
    }
  },
  mutating: async (context) => (await probe(context, { 'mutation-start': 'yes' })).data?.['mutation-stage-1'] === 'yes',
};

async function probe(context: TestContext, data: Readonly<Record<string, string>>): Promise<ConfigMap> {
  const maps = context.api.of(configMap);
  const made = await maps.create({ metadata: { generateName: 'probe-', namespace: context.namespace } as never, data });
  await maps.delete(`${context.namespace}/${made.metadata.name}`);
  return made;
}

const follows = (context: TestContext, kind: HookKind, isAsked: boolean): Promise<void> =>
  until(
    context,
    `the ${kind} webhook ${isAsked ? 'having' : 'not having'} its say`,
    FOLLOW_MS,
    async () => (await hadItsSay[kind](context)) === isAsked,
  );

const hookOf = (server: WebhookServer, kind: HookKind, name = ''): Draft<ValidatingWebhook> =>
  kind === 'validating'
    ? server.webhookOf({
        name: `deny-unwanted-configmap-data${name}.k8s.io`,
        path: '/configmaps',
        rules: on('configmaps', ['CREATE']),
      })
    : server.webhookOf({
        name: `adding-configmap-data-stage-1${name}.k8s.io`,
        path: '/mutating-configmaps',
        rules: on('configmaps', ['CREATE']),
      });

const apiOf = (context: TestContext, kind: HookKind) =>
  context.api.of(kindOf[kind] as typeof validatingWebhookConfiguration);

/** Stops and starts asking as the operations of its rule change. */
async function patching(context: TestContext, kind: HookKind): Promise<void> {
  const server = await deployWebhooks(context);
  const { name } = await server.register(kind, context.unique, [hookOf(server, kind)]);
  assert.ok(await hadItsSay[kind](context));
  const api = apiOf(context, kind);
  const updated = await api.update(name, (configuration) => ({
    ...configuration,
    webhooks: configuration.webhooks?.map((hook, i) =>
      i === 0 ? { ...hook, rules: [on('configmaps', ['UPDATE'])] } : hook,
    ) as never,
  }));
  assert.deepEqual(updated.webhooks?.[0]?.rules?.[0]?.operations, ['UPDATE']);
  await follows(context, kind, false);
  await api.patch(name, {
    type: 'json',
    body: [{ op: 'replace', path: '/webhooks/0/rules/0/operations/0', value: 'CREATE' }],
  });
  await follows(context, kind, true);
}

async function listing(context: TestContext, kind: HookKind): Promise<void> {
  const server = await deployWebhooks(context);
  const label = 'e2e-list-test-uuid';
  const selector = { labelSelector: `${label}=${context.unique}` };
  const api = apiOf(context, kind);
  context.cleanup(() => api.deleteCollection(selector));
  for (let i = 0; i < COUNT; i += 1) {
    await api.create({
      metadata: { name: `${context.unique}-${i}`, labels: { [label]: context.unique } },
      webhooks: [hookOf(server, kind, `-${i}`)] as never,
    });
  }
  // The last of all holds the marker: when it is followed, so are those before.
  await api.create({
    metadata: { name: `${context.unique}-marker`, labels: { [label]: context.unique } },
    webhooks: [server.markerOf(kind)] as never,
  });
  await server.untilFollowed();
  const { items } = await api.list(selector);
  assert.equal(items.length, COUNT + 1);
  await follows(context, kind, true);
  await api.deleteCollection(selector);
  await follows(context, kind, false);
  assert.equal((await api.list(selector)).items.length, 0);
}

const withConditions = (
  conditions: ValidatingWebhook['matchConditions'],
  context: TestContext,
): Draft<ValidatingWebhook> =>
  ({
    name: 'validation-webhook-with-match-conditions.k8s.io',
    clientConfig: { url: 'https://webhook.invalid/' },
    rules: [on('pods', ['CREATE'])],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    namespaceSelector: ofTest(context),
    matchConditions: conditions,
  }) as Draft<ValidatingWebhook>;

async function conditions(context: TestContext, kind: HookKind): Promise<void> {
  const api = apiOf(context, kind);
  const name = `conditions-${context.unique}`;
  context.cleanup(() => api.delete(name));
  const first = [{ name: 'expression-1', expression: "object.metadata.namespace == 'production'" }];
  const made = await api.create({ metadata: { name }, webhooks: [withConditions(first, context)] as never });
  assert.deepEqual(made.webhooks?.[0]?.matchConditions, first);
  const second = [
    { name: 'expression-1', expression: "object.metadata.namespace == 'production'" },
    { name: 'expression-2', expression: "object.metadata.namespace == 'staging'" },
  ];
  await api.update(name, (configuration) => ({
    ...configuration,
    webhooks: configuration.webhooks?.map((hook) => ({ ...hook, matchConditions: second })) as never,
  }));
  assert.deepEqual((await api.get(name)).webhooks?.[0]?.matchConditions, second);
}

async function invalidConditions(context: TestContext, kind: HookKind): Promise<void> {
  const api = apiOf(context, kind);
  const name = `invalid-${context.unique}`;
  context.cleanup(() => api.delete(name));
  const invalid = [{ name: 'invalid-expression-1', expression: '... [] bad expression' }];
  await assert.rejects(
    api.create({ metadata: { name }, webhooks: [withConditions(invalid, context)] as never }),
    /compilation failed/,
  );
}

/** Each of these for both kinds of configuration. */
const family = (
  run: (context: TestContext, kind: HookKind) => Promise<void>,
  nameOf: (kind: HookKind) => string,
): readonly ConformanceTest[] =>
  (['validating', 'mutating'] as const).map((kind) =>
    conformanceTest(`${official} ${nameOf(kind)}`, (context) => run(context, kind)),
  );

export const webhookConfigurationTests = [
  ...family(patching, (kind) => `patching/updating a ${kind} webhook should work`),
  ...family(listing, (kind) => `listing ${kind} webhooks should work`),
  ...family(
    conditions,
    (kind) => `should be able to create and update ${kind} webhook configurations with match conditions`,
  ),
  ...family(invalidConditions, (kind) => `should reject ${kind} webhook configurations with invalid match conditions`),
  conformanceTest(`${official} should mutate everything except 'skip-me' configmaps`, async (context) => {
    const server = await deployWebhooks(context);
    await server.register('mutating', context.unique, [
      {
        ...hookOf(server, 'mutating'),
        matchConditions: [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }],
      },
    ]);
    const make = async (name: string): Promise<object | undefined> =>
      (
        await context.api
          .of(configMap)
          .create({ metadata: { name, namespace: context.namespace }, data: { 'mutation-start': 'yes' } })
      ).data;
    assert.deepEqual(await make('skip-me'), { 'mutation-start': 'yes' });
    assert.deepEqual(await make('mutate-me'), { 'mutation-start': 'yes', 'mutation-stage-1': 'yes' });
  }),
];
