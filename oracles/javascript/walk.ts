import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApiException,
  ApiextensionsV1Api,
  ApisApi,
  AppsV1Api,
  AuthenticationV1Api,
  AuthorizationV1Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  Health,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
  type V1ConfigMap,
  type V1Deployment,
  VersionApi,
  Watch,
} from '@kubernetes/client-node';

export interface Client {
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly objects: KubernetesObjectApi;
}

const namespace = 'javascript';
const PATIENCE_MS = 20_000;

/** The token `oracle` may do everything. */
export async function connected(server: string): Promise<Client> {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server, skipTLSVerify: true }],
    users: [{ name: 'u', token: 'oracle' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u', namespace }],
    currentContext: 'x',
  });
  const client = {
    config,
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    objects: KubernetesObjectApi.makeApiClient(config),
  };
  await client.core.createNamespace({ body: { metadata: { name: namespace } } });
  return client;
}

const settings = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
  ({ metadata: { name, labels }, data }) satisfies V1ConfigMap;

const web = (name: string, image = 'i:1') =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }] } },
    },
  }) satisfies V1Deployment;

async function refused(code: number, reason: string, asked: Promise<unknown>): Promise<string> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ApiException, `not refused, but: ${String(error)}`);
  const status = (typeof error.body === 'string' ? JSON.parse(error.body) : error.body) as {
    readonly reason: string;
    readonly message: string;
  };
  assert.deepEqual([error.code, status.reason], [code, reason], status.message);
  return status.message;
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = PATIENCE_MS; !(await isSo()); left -= 20) {
    assert.ok(left > 0, `never: ${what}`);
    await sleep(20);
  }
}

const patchedAs = (type: PatchStrategy): ReturnType<typeof setHeaderOptions> => setHeaderOptions('Content-Type', type);

/** What programs do with the client, each in a few lines. */
export const steps: Readonly<Record<string, (client: Client) => Promise<void>>> = {
  async 'versions, discovery, health'({ config, core }) {
    const { major, gitVersion } = await config.makeApiClient(VersionApi).getCode();
    assert.match(`${major} ${gitVersion}`, /^1 v1\.37\./);
    const { groups } = await config.makeApiClient(ApisApi).getAPIVersions();
    assert.equal(groups.find(({ name }) => name === 'apps')?.preferredVersion?.groupVersion, 'apps/v1');
    const { resources } = await core.getAPIResources();
    assert.deepEqual(resources.find(({ name }) => name === 'pods')?.shortNames, ['po']);
    const health = new Health(config);
    assert.deepEqual([await health.readyz({}), await health.livez({})], [true, true]);
  },
  async 'create, read, replace, delete, and what is refused of them'({ core }) {
    const made = await core.createNamespacedConfigMap({
      namespace,
      body: { ...settings('a', { k: 'v' }), binaryData: { b: 'AP8=' } },
    });
    assert.ok(made.metadata?.uid && made.metadata.creationTimestamp instanceof Date);
    await refused(409, 'AlreadyExists', core.createNamespacedConfigMap({ namespace, body: settings('a') }));
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'a',
      body: Object.assign(await core.readNamespacedConfigMap({ namespace, name: 'a' }), { data: { k: 'w' } }),
    });
    assert.deepEqual([replaced.data, replaced.binaryData], [{ k: 'w' }, { b: 'AP8=' }]);
    assert.match(
      await refused(409, 'Conflict', core.replaceNamespacedConfigMap({ namespace, name: 'a', body: made })),
      /the object has been modified/,
    );
    await refused(422, 'Invalid', core.createNamespacedConfigMap({ namespace, body: settings('Not Valid') }));
    assert.equal(
      (await core.createNamespacedConfigMap({ namespace, body: settings('dry'), dryRun: 'All' })).metadata?.name,
      'dry',
    );
    await refused(404, 'NotFound', core.readNamespacedConfigMap({ namespace, name: 'dry' }));
    const gone = await core.deleteNamespacedConfigMap({
      namespace,
      name: 'a',
      body: { preconditions: { uid: made.metadata.uid } },
    });
    assert.equal(gone.status, 'Success');
  },
  async 'lists in pages, by labels and fields'({ core }) {
    for (let i = 0; i < 7; i++)
      await core.createNamespacedConfigMap({ namespace, body: settings(`page-${i}`, {}, { page: String(i % 2) }) });
    const names: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const { items, metadata } = await core.listNamespacedConfigMap({
        namespace,
        labelSelector: 'page',
        limit: 3,
        ...(token ? { _continue: token } : {}),
      });
      names.push(...items.map((item) => item.metadata?.name));
      token = metadata?._continue;
    } while (token);
    assert.deepEqual(
      names,
      Array.from({ length: 7 }, (_, i) => `page-${i}`),
    );
    assert.equal((await core.listNamespacedConfigMap({ namespace, labelSelector: 'page in (1)' })).items.length, 3);
    assert.equal((await core.listConfigMapForAllNamespaces({ fieldSelector: 'metadata.name=page-2' })).items.length, 1);
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'page' });
    assert.deepEqual((await core.listNamespacedConfigMap({ namespace, labelSelector: 'page' })).items, []);
  },
  async 'patches of every type, also of parts'({ apps }) {
    await apps.createNamespacedDeployment({ namespace, body: web('patched') });
    const image = (tag: string): object => ({
      spec: { template: { spec: { containers: [{ name: 'main', image: tag }] } } },
    });
    const patch = (type: PatchStrategy, body: object): Promise<V1Deployment> =>
      apps.patchNamespacedDeployment({ namespace, name: 'patched', body }, patchedAs(type));
    assert.equal(
      (await patch(PatchStrategy.StrategicMergePatch, image('i:2'))).spec?.template.spec?.containers[0]?.image,
      'i:2',
    );
    assert.equal(
      (await patch(PatchStrategy.JsonPatch, [{ op: 'replace', path: '/spec/replicas', value: 3 }])).spec?.replicas,
      3,
    );
    assert.deepEqual(
      (await patch(PatchStrategy.MergePatch, { metadata: { annotations: { a: 'b' } } })).metadata?.annotations,
      { a: 'b' },
    );
    await refused(422, 'Invalid', patch(PatchStrategy.JsonPatch, [{ op: 'remove', path: '/spec/nothing' }]));
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'patched' });
    assert.deepEqual([scale.spec?.replicas, scale.status?.selector], [3, 'app=patched']);
    const scaled = await apps.replaceNamespacedDeploymentScale({
      namespace,
      name: 'patched',
      body: Object.assign(scale, { spec: { replicas: 5 } }),
    });
    assert.equal(scaled.spec?.replicas, 5);
    const status = await apps.patchNamespacedDeploymentStatus(
      { namespace, name: 'patched', body: { status: { replicas: 5 } } },
      patchedAs(PatchStrategy.MergePatch),
    );
    assert.deepEqual([status.status?.replicas, status.spec?.replicas], [5, 5]);
  },
  async 'server-side apply with its conflicts'({ apps, objects }) {
    const applied = (replicas: number, fieldManager: string, force?: boolean): Promise<V1Deployment> =>
      apps.patchNamespacedDeployment(
        {
          namespace,
          name: 'applied',
          fieldManager,
          ...(force === undefined ? {} : { force }),
          body: { ...web('applied'), spec: { ...web('applied').spec, replicas } },
        },
        patchedAs(PatchStrategy.ServerSideApply),
      );
    assert.equal((await applied(1, 'one')).metadata?.managedFields?.[0]?.operation, 'Apply');
    assert.match(await refused(409, 'Conflict', applied(2, 'two')), /conflict with "one": \.spec\.replicas/);
    assert.equal((await applied(2, 'two', true)).spec?.replicas, 2);
    const again = (await objects.patch(
      web('applied', 'i:9'),
      undefined,
      undefined,
      'two',
      true,
      PatchStrategy.ServerSideApply,
    )) as V1Deployment;
    assert.equal(again.spec?.template.spec?.containers[0]?.image, 'i:9');
  },
  async 'a watch from a list on, with bookmarks'({ config, core }) {
    const from = (await core.listNamespacedConfigMap({ namespace })).metadata?.resourceVersion;
    const seen: string[] = [];
    let isOver = false;
    const query = { resourceVersion: from, labelSelector: 'watched=yes', allowWatchBookmarks: true };
    const watching = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      query,
      (phase, object: V1ConfigMap) => {
        if (phase !== 'BOOKMARK') seen.push(`${phase} ${object.metadata?.name}`);
      },
      () => {
        isOver = true;
      },
    );
    await core.createNamespacedConfigMap({ namespace, body: settings('w', {}, { watched: 'yes' }) });
    await core.patchNamespacedConfigMap(
      { namespace, name: 'w', body: { data: { k: 'v' } } },
      patchedAs(PatchStrategy.MergePatch),
    );
    await core.deleteNamespacedConfigMap({ namespace, name: 'w' });
    await until('three events', () => seen.length >= 3);
    assert.deepEqual(seen, ['ADDED w', 'MODIFIED w', 'DELETED w']);
    watching.abort();
    await until('the end of the watch', () => isOver);
  },
  async 'an informer holds what the server has'({ config, core }) {
    await core.createNamespacedConfigMap({ namespace, body: settings('early', {}, { informed: 'yes' }) });
    const informer = makeInformer<V1ConfigMap>(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: 'informed=yes' }),
      'informed=yes',
    );
    const events: string[] = [];
    for (const verb of ['add', 'update', 'delete'] as const)
      informer.on(verb, (object) => events.push(`${verb} ${object.metadata?.name}`));
    await informer.start();
    try {
      await core.createNamespacedConfigMap({ namespace, body: settings('late', {}, { informed: 'yes' }) });
      await until('both are held', () => informer.list().length === 2);
      await core.patchNamespacedConfigMap(
        { namespace, name: 'late', body: { data: { k: 'v' } } },
        patchedAs(PatchStrategy.MergePatch),
      );
      await core.deleteNamespacedConfigMap({ namespace, name: 'early' });
      await until(
        'one is held, as it is now',
        () => informer.list().length === 1 && informer.get('late', namespace)?.data?.['k'] === 'v',
      );
      assert.deepEqual(events, ['add early', 'add late', 'update late', 'delete early']);
    } finally {
      await informer.stop();
    }
  },
  async 'objects whose kinds the client does not know'({ config, objects }) {
    const group = 'lamps.example.com';
    await config.makeApiClient(ApiextensionsV1Api).createCustomResourceDefinition({
      body: {
        metadata: { name: `lamps.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'lamps', singular: 'lamp', kind: 'Lamp' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              subresources: { status: {} },
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: {
                    spec: { type: 'object', properties: { watts: { type: 'integer', _default: 40 } } },
                    status: { type: 'object', properties: { lit: { type: 'boolean' } } },
                  },
                },
              },
            },
          ],
        },
      },
    });
    const custom = config.makeApiClient(CustomObjectsApi);
    const where = { group, version: 'v1', namespace, plural: 'lamps' };
    await until('the kind is served', () =>
      custom.listNamespacedCustomObject(where).then(
        () => true,
        () => false,
      ),
    );
    const made = (await custom.createNamespacedCustomObject({
      ...where,
      body: { apiVersion: `${group}/v1`, kind: 'Lamp', metadata: { name: 'a' }, spec: {} },
    })) as { spec: { watts: number } };
    assert.equal(made.spec.watts, 40);
    const lit = (await custom.patchNamespacedCustomObjectStatus(
      { ...where, name: 'a', body: { status: { lit: true } } },
      patchedAs(PatchStrategy.MergePatch),
    )) as { status: object };
    assert.deepEqual(lit.status, { lit: true });
    const many: object = { watts: 'many' };
    const lamp = { apiVersion: `${group}/v1`, kind: 'Lamp', metadata: { name: 'b', namespace }, spec: { watts: 7 } };
    await objects.create(lamp);
    assert.equal((await objects.list(`${group}/v1`, 'Lamp', namespace)).items.length, 2);
    await refused(422, 'Invalid', objects.create({ ...lamp, metadata: { name: 'c', namespace }, spec: many }));
    await objects.delete(lamp);
    assert.match(await refused(404, 'NotFound', objects.read(lamp)), /lamps\.lamps\.example\.com "b" not found/);
  },
  async 'reviews, tokens, leases, jobs'({ config, core }) {
    const may = await config
      .makeApiClient(AuthorizationV1Api)
      .createSelfSubjectAccessReview({ body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } } });
    assert.equal(may.status?.allowed, true);
    const who = await config.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
    assert.deepEqual(
      [who.status?.userInfo?.username, who.status?.userInfo?.groups],
      ['oracle', ['system:masters', 'system:authenticated']],
    );
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'robot' } } });
    const token = await core.createNamespacedServiceAccountToken({
      namespace,
      name: 'robot',
      body: { spec: { audiences: [], expirationSeconds: 600 } },
    });
    assert.ok(token.status?.token && token.status.expirationTimestamp instanceof Date);
    const leases = config.makeApiClient(CoordinationV1Api);
    const renewTime = new V1MicroTime('2026-11-21T12:00:00.123456Z');
    const lease = await leases.createNamespacedLease({
      namespace,
      body: { metadata: { name: 'l' }, spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime } },
    });
    // The client leaves it as text.
    assert.equal(String(lease.spec?.renewTime), '2026-11-21T12:00:00.123000Z');
    const job = await config.makeApiClient(BatchV1Api).createNamespacedJob({
      namespace,
      body: {
        metadata: { generateName: 'job-' },
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'm', image: 'i' }] } } },
      },
    });
    assert.match(job.metadata?.name ?? '', /^job-[a-z0-9]{5}$/);
    assert.deepEqual([job.spec?.completions, job.spec?.backoffLimit], [1, 6]);
  },
};
