import assert from 'node:assert/strict';
import { configMap, type Container, secret } from '@navarch/api';
import { type Draft, hasReason } from '@navarch/machinery';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { hasLines, outputOf, shell } from '../../pods.ts';

type EnvFrom = NonNullable<Draft<Container>['envFrom']>[number];

/** ConfigMaps and Secrets become variables in the same ways: what differs is how they are made and referred to. */
interface Source {
  readonly title: string;
  readonly oneKey: string;
  readonly prefixes: string;
  readonly emptyKey: string;
  create(context: TestContext, data: Readonly<Record<string, string>>): Promise<unknown>;
  ref(key: string): NonNullable<NonNullable<Draft<Container>['env']>[number]['valueFrom']>;
  from(prefix?: string): EnvFrom;
}

const NAME = 'settings';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const DATA = { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' };

const sources: readonly Source[] = [
  {
    title: 'ConfigMap',
    oneKey: 'should be consumable via environment variable',
    emptyKey: 'should fail to create ConfigMap with empty key',
    prefixes: 'should be consumable as environment variable names with various prefixes',
    create: ({ api, namespace }, data) => api.of(configMap).create({ metadata: { name: NAME, namespace }, data }),
    ref: (key) => ({ configMapKeyRef: { name: NAME, key } }),
    from: (prefix) => ({ ...(prefix ? { prefix } : {}), configMapRef: { name: NAME } }),
  },
  {
    title: 'Secrets',
    oneKey: 'should be consumable from pods in env vars',
    emptyKey: 'should fail to create secret due to empty secret key',
    prefixes: 'should be consumable as environment variable names variable names with various prefixes',
    create: ({ api, namespace }, data) =>
      api.of(secret).create({
        metadata: { name: NAME, namespace },
        data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(`${value}\n`)])),
      }),
    ref: (key) => ({ secretKeyRef: { name: NAME, key } }),
    from: (prefix) => ({ ...(prefix ? { prefix } : {}), secretRef: { name: NAME } }),
  },
];

const printed = (prefix: string): readonly string[] =>
  Object.entries(DATA).map(([key, value]) => `${prefix}${key}=${value}`);

/** No shell: Debian's drops what is no name of a variable to it, and shows nothing of what the container was given. */
async function hasAllUnder(context: TestContext, source: Source, prefixes: readonly string[]): Promise<void> {
  await source.create(context, DATA);
  const output = await outputOf(context, 'reader', {
    containers: [{ ...shell(''), command: ['env'], envFrom: prefixes.map((prefix) => source.from(prefix)) }],
  });
  hasLines(output, prefixes.flatMap(printed));
}

const testsOf = (source: Source): readonly ConformanceTest[] => [
  conformanceTest(`[sig-node] ${source.title} ${source.oneKey}`, async (context) => {
    await source.create(context, DATA);
    const output = await outputOf(context, 'reader', {
      containers: [{ ...shell('env'), env: [{ name: 'DATA_1', valueFrom: source.ref('data-1') }] }],
    });
    hasLines(output, ['DATA_1=value-1']);
  }),

  conformanceTest(`[sig-node] ${source.title} should be consumable via the environment`, (context) =>
    hasAllUnder(context, source, ['', 'p-']),
  ),

  conformanceTest(`[sig-node] ${source.title} ${source.prefixes}`, (context) =>
    hasAllUnder(context, source, ['', '1-', '$_-', 'ABC_', '#@!']),
  ),

  conformanceTest(`[sig-node] ${source.title} ${source.emptyKey}`, async (context) => {
    await assert.rejects(source.create(context, { '': 'value-1' }), (error) => hasReason(error, 'Invalid'));
  }),
];

const lifecycleTests = [
  conformanceTest('[sig-node] ConfigMap should update ConfigMap successfully', async ({ api, namespace }) => {
    const made = await api.of(configMap).create({ metadata: { name: NAME, namespace }, data: DATA });
    await api.of(configMap).replace({ ...made, data: { data: 'value' } });
    assert.deepEqual((await api.of(configMap).get(`${namespace}/${NAME}`)).data, { data: 'value' });
  }),

  conformanceTest(
    '[sig-node] ConfigMap should run through a ConfigMap lifecycle',
    async ({ api, namespace, unique }) => {
      const maps = api.of(configMap);
      const [own, patched] = [{ 'test-configmap-static': 'true' }, `patched-${unique}`];
      await maps.create({ metadata: { name: NAME, namespace, labels: own }, data: { valueName: 'value' } });
      const made = await maps.get(`${namespace}/${NAME}`);
      assert.deepEqual([made.data, made.metadata.labels], [{ valueName: 'value' }, own]);
      await maps.patch(`${namespace}/${NAME}`, {
        type: 'strategic',
        body: { metadata: { labels: { 'test-configmap': patched } }, data: { valueName: 'value1' } },
      });
      const everywhere = await maps.list({ labelSelector: `test-configmap=${patched}` });
      assert.deepEqual(
        everywhere.items.map(({ metadata, data }) => [metadata.namespace, metadata.name, metadata.labels, data]),
        [[namespace, NAME, { ...own, 'test-configmap': patched }, { valueName: 'value1' }]],
      );
      await maps.deleteCollection({ namespace, labelSelector: 'test-configmap-static=true' });
      assert.deepEqual((await maps.list({ namespace, labelSelector: 'test-configmap-static=true' })).items, []);
    },
  ),

  conformanceTest('[sig-node] Secrets should patch a secret', async ({ api, namespace, unique }) => {
    const secrets = api.of(secret);
    const labelSelector = `testsecret-constant=${unique}`;
    const made = await secrets.create({
      metadata: { name: NAME, namespace, labels: { 'testsecret-constant': unique } },
      type: 'Opaque',
      data: { key: base64('value') },
    });
    assert.match(made.metadata.resourceVersion, /^[1-9]\d*$/);
    assert.deepEqual(
      (await secrets.list({ labelSelector })).items.map(({ metadata }) => metadata.uid),
      [made.metadata.uid],
    );
    await secrets.patch(`${namespace}/${NAME}`, {
      type: 'strategic',
      body: { metadata: { labels: { testsecret: 'true' } }, data: { key: base64('value1') } },
    });
    const patched = await secrets.get(`${namespace}/${NAME}`);
    assert.ok(BigInt(patched.metadata.resourceVersion) > BigInt(made.metadata.resourceVersion));
    assert.deepEqual(patched.data, { key: base64('value1') });
    await secrets.deleteCollection({ namespace, labelSelector: 'testsecret=true' });
    assert.deepEqual((await secrets.list({ labelSelector })).items, []);
  }),
];

export const objectEnvironmentTests: readonly ConformanceTest[] = [...sources.flatMap(testsOf), ...lifecycleTests];
