import assert from 'node:assert/strict';
import { configMap, namespace, pod, service } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { type Json, rest } from '../../rest.ts';
import { PAUSE } from '../../testhost.ts';
import { isNotFound, until } from '../../until.ts';

const PREFIX = '[sig-api-machinery] Namespaces should';
const READY_MS = 60_000;
const GONE_MS = 90_000;
const FINALIZER = 'e2e.example.com/finalizer';
const FAKE = 'e2e.example.com/fakeFinalizer';

async function createNamespace({ api, cleanup }: TestContext, name: string): Promise<string> {
  await api.of(namespace).create({ metadata: { name } });
  cleanup(() => api.of(namespace).delete(name));
  return `/api/v1/namespaces/${name}`;
}

/** Waits for the account that pods of a namespace need. */
const hasAccount = (context: TestContext, path: string): Promise<void> =>
  until(
    context,
    'the default account',
    READY_MS,
    async () => !(await isNotFound(rest(context).get(`${path}/serviceaccounts/default`))),
  );

/** What is in a namespace goes with it, and a namespace of the same name begins empty. */
async function takesAlong(context: TestContext, create: (path: string) => Promise<string>): Promise<void> {
  const { api } = context;
  const name = `nsdeletetest-${context.unique}`;
  const path = await createNamespace(context, name);
  await hasAccount(context, path);
  const object = await create(path);
  await api.of(namespace).delete(name);
  await until(context, `the end of ${name}`, GONE_MS, () => isNotFound(api.of(namespace).get(name)));
  await createNamespace(context, name);
  assert.ok(await isNotFound(rest(context).get(object)), `${object} is still there`);
}

const container = { name: 'nginx', image: PAUSE };

/** Tries again when somebody else was faster. */
const retried = (context: TestContext, what: string, write: () => Promise<unknown>): Promise<void> =>
  until(context, what, READY_MS, async () => {
    try {
      await write();
      return true;
    } catch (error) {
      if (hasReason(error, 'Conflict')) return false;
      throw error;
    }
  });

const condition = (type: string, message: string): Json => ({ type, status: 'True', reason: 'E2E', message });
const has = (object: Json, type: string, message: string): boolean =>
  object.status.conditions.some(
    (one: Json) => one.type === type && one.status === 'True' && one.reason === 'E2E' && one.message === message,
  );

const writing = [
  conformanceTest(`${PREFIX} patch a Namespace`, async (context) => {
    const name = `nspatchtest-${context.unique}`;
    await createNamespace(context, name);
    await context.api
      .of(namespace)
      .patch(name, { type: 'strategic', body: { metadata: { labels: { testLabel: 'testValue' } } } });
    assert.equal((await context.api.of(namespace).get(name)).metadata.labels?.['testLabel'], 'testValue');
  }),

  conformanceTest(`${PREFIX} apply changes to a namespace status`, async (context) => {
    const path = `${await createNamespace(context, `status-${context.unique}`)}/status`;
    const { get, patch, replace } = rest(context);
    assert.equal((await get(path)).status.phase, 'Active');
    const patched = await patch(path, 'merge', {
      metadata: { annotations: { e2e: 'patched-status' } },
      status: { conditions: [condition('StatusPatch', 'Patched by an e2e test')] },
    });
    assert.ok(has(patched, 'StatusPatch', 'Patched by an e2e test'));
    let updated: Json;
    await retried(context, 'the update of the status', async () => {
      const current = await get(path);
      updated = await replace(path, {
        ...current,
        status: {
          ...current.status,
          conditions: [...current.status.conditions, condition('StatusUpdate', 'Updated by an e2e test')],
        },
      });
    });
    assert.ok(has(updated, 'StatusUpdate', 'Updated by an e2e test'));
    assert.equal(updated.status.phase, 'Active');
  }),

  conformanceTest(`${PREFIX} apply an update to a Namespace`, async (context) => {
    const path = await createNamespace(context, `update-${context.unique}`);
    const { get, replace } = rest(context);
    let updated: Json;
    await retried(context, 'the update', async () => {
      const current = await get(path);
      updated = await replace(path, {
        ...current,
        metadata: { ...current.metadata, labels: { ...current.metadata.labels, [context.unique]: 'updated' } },
      });
    });
    assert.equal(updated.metadata.labels[context.unique], 'updated');
  }),

  conformanceTest(`${PREFIX} apply a finalizer to a Namespace`, async (context) => {
    const path = await createNamespace(context, `finalizer-${context.unique}`);
    const { get, replace } = rest(context);
    const finalize = async (finalizers: readonly string[]): Promise<void> => {
      let after: Json;
      await retried(context, 'the finalizers', async () => {
        const current = await get(path);
        after = await replace(`${path}/finalize`, { ...current, spec: { ...current.spec, finalizers } });
      });
      assert.deepEqual(after.spec.finalizers, finalizers);
    };
    assert.deepEqual((await get(path)).spec.finalizers, ['kubernetes']);
    await finalize(['kubernetes', FAKE]);
    await finalize(['kubernetes']);
  }),
];

const ordered = conformanceTest(
  '[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first',
  async (context) => {
    const { api } = context;
    const name = `nsdeletetest-${context.unique}`;
    const path = await createNamespace(context, name);
    await hasAccount(context, path);
    await api.of(pod).create({
      metadata: { name: 'testpod', namespace: name, finalizers: [FINALIZER] },
      spec: { terminationGracePeriodSeconds: 0, containers: [container] },
    });
    await api
      .of(configMap)
      .create({ metadata: { name: 'testcm', namespace: name, finalizers: [FINALIZER] }, data: { key: 'value' } });
    const release = (resource: string): Promise<Json> =>
      rest(context).patch(`${path}/${resource}`, 'json', [{ op: 'remove', path: '/metadata/finalizers' }]);
    await api.of(namespace).delete(name);

    const says = async (type: string, text: string): Promise<boolean> =>
      (await rest(context).get(path)).status.conditions?.some(
        (one: Json) => one.type === type && one.status === 'True' && one.message.includes(text),
      ) ?? false;
    await until(
      context,
      'the pod being asked to go',
      READY_MS,
      async () => (await api.of(pod).get(`${name}/testpod`)).metadata.deletionTimestamp !== undefined,
    );
    await until(
      context,
      'the namespace telling what remains',
      READY_MS,
      async () =>
        (await says('NamespaceContentRemaining', 'pods. has 1 resource instances')) &&
        says('NamespaceFinalizersRemaining', FINALIZER),
    );
    assert.equal(
      (await api.of(configMap).get(`${name}/testcm`)).metadata.deletionTimestamp,
      undefined,
      'while a pod is left, nothing else goes',
    );
    await release('pods/testpod');
    await until(
      context,
      'the ConfigMap being asked to go',
      READY_MS,
      async () => (await api.of(configMap).get(`${name}/testcm`)).metadata.deletionTimestamp !== undefined,
    );
    await release('configmaps/testcm');
    await until(context, `the end of ${name}`, GONE_MS, () => isNotFound(api.of(namespace).get(name)));
  },
);

export const namespaceTests = [
  ...writing,
  ordered,
  conformanceTest(`${PREFIX} ensure that all pods are removed when a namespace is deleted`, (context) =>
    takesAlong(context, async (path) => {
      const { metadata } = await rest(context).create(`${path}/pods`, {
        metadata: { name: 'test-pod' },
        spec: { containers: [container] },
      });
      await until(
        context,
        'the pod running',
        READY_MS,
        async () =>
          (await context.api.of(pod).get(`${metadata.namespace}/${metadata.name}`)).status.phase === 'Running',
      );
      return `${path}/pods/test-pod`;
    }),
  ),

  conformanceTest(`${PREFIX} ensure that all services are removed when a namespace is deleted`, (context) =>
    takesAlong(context, async (path) => {
      await context.api.of(service).create({
        metadata: { name: 'test-service', namespace: path.split('/').at(-1) ?? '' },
        spec: { selector: { foo: 'bar', baz: 'blah' }, ports: [{ port: 80, targetPort: 80 }] },
      });
      return `${path}/services/test-service`;
    }),
  ),
];
