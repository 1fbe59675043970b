import assert from 'node:assert/strict';
import { deployment, pod, replicaSet, replicationController, type ReplicationController } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { NGINX, PAUSE } from '../../testhost.ts';
import { isNotFound, until } from '../../until.ts';

const PREFIX = '[sig-api-machinery] Garbage collector should';
const MADE_MS = 120_000;
const GONE_MS = 180_000;
/** How long what must not be collected is watched. */
const LEFT_ALONE_MS = 30_000;
const MANY = 100;

async function createController(context: TestContext, name: string, replicas: number): Promise<ReplicationController> {
  const labels = { name };
  return context.api.of(replicationController).create({
    metadata: { name, namespace: context.namespace },
    spec: {
      replicas,
      selector: labels,
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'nginx', image: NGINX }] },
      },
    },
  });
}

const podsOf = async (context: TestContext) => (await context.api.of(pod).list({ namespace: context.namespace })).items;

/** The controller has said that all its pods are there. */
const hasAll = ({ api, namespace, ...context }: TestContext, name: string, replicas: number): Promise<void> =>
  until(
    context,
    `${replicas} pods of ${name}`,
    MADE_MS,
    async () => (await api.of(replicationController).get(`${namespace}/${name}`)).status?.replicas === replicas,
  );

const controllerIsGone = ({ api, namespace }: TestContext, name: string): Promise<boolean> =>
  isNotFound(api.of(replicationController).get(`${namespace}/${name}`));

/** Makes a controller with all its pods and asks for its deletion, of this very object. */
async function deleteWithPods(
  context: TestContext,
  replicas: number,
  propagationPolicy: 'Background' | 'Foreground' | 'Orphan',
): Promise<string> {
  const name = 'simpletest.rc';
  const {
    metadata: { uid },
  } = await createController(context, name, replicas);
  await hasAll(context, name, replicas);
  await context.api
    .of(replicationController)
    .delete(`${context.namespace}/${name}`, { propagationPolicy, preconditions: { uid } });
  return name;
}

async function deleteDeployment(context: TestContext, propagationPolicy: 'Background' | 'Orphan'): Promise<void> {
  const { api, namespace } = context;
  const labels = { app: 'gc-test' };
  const {
    metadata: { uid },
  } = await api.of(deployment).create({
    metadata: { name: 'simpletest.deployment', namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate' },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'nginx', image: NGINX }] },
      },
    },
  });
  await until(
    context,
    'the ReplicaSet of the deployment',
    MADE_MS,
    async () => (await api.of(replicaSet).list({ namespace })).items.length > 0,
  );
  await api.of(deployment).delete(`${namespace}/simpletest.deployment`, { propagationPolicy, preconditions: { uid } });
}

export const garbageCollectorTests = [
  conformanceTest(`${PREFIX} delete pods created by rc when not orphaning`, async (context) => {
    const name = await deleteWithPods(context, 10, 'Background');
    await until(context, 'the end of all pods', GONE_MS, async () => (await podsOf(context)).length === 0);
    assert.ok(await controllerIsGone(context, name));
  }),

  conformanceTest(
    `${PREFIX} orphan pods created by rc if delete options say so`,
    async (context) => {
      const name = await deleteWithPods(context, MANY, 'Orphan');
      await until(context, 'the end of the controller', GONE_MS, () => controllerIsGone(context, name));
      await context.clock.sleep(LEFT_ALONE_MS, context.signal);
      assert.equal((await podsOf(context)).length, MANY);
    },
    600_000,
  ),

  conformanceTest(`${PREFIX} delete RS created by deployment when not orphaning`, async (context) => {
    const { api, namespace } = context;
    await deleteDeployment(context, 'Background');
    await until(
      context,
      'the end of all ReplicaSets',
      GONE_MS,
      async () => (await api.of(replicaSet).list({ namespace })).items.length === 0,
    );
    await until(
      context,
      'the end of the deployment',
      GONE_MS,
      async () => (await api.of(deployment).list({ namespace })).items.length === 0,
    );
  }),

  conformanceTest(
    `${PREFIX} orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan`,
    async (context) => {
      const { api, namespace } = context;
      await deleteDeployment(context, 'Orphan');
      await until(
        context,
        'the end of the deployment',
        GONE_MS,
        async () => (await api.of(deployment).list({ namespace })).items.length === 0,
      );
      await context.clock.sleep(LEFT_ALONE_MS, context.signal);
      const { items } = await api.of(replicaSet).list({ namespace });
      assert.equal(items.length, 1);
      assert.deepEqual(
        items.flatMap(({ metadata }) => metadata.ownerReferences ?? []),
        [],
      );
    },
  ),

  conformanceTest(
    `${PREFIX} keep the rc around until all its pods are deleted if the deleteOptions says so`,
    async (context) => {
      const name = await deleteWithPods(context, MANY, 'Foreground');
      await until(context, 'the end of the controller', GONE_MS, () => controllerIsGone(context, name));
      assert.deepEqual(
        (await podsOf(context)).filter(({ metadata }) => metadata.deletionTimestamp === undefined),
        [],
        'pods that outlived their owner',
      );
    },
    600_000,
  ),

  conformanceTest(
    `${PREFIX} not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted`,
    async (context) => {
      const { api, namespace } = context;
      const [leaving, staying] = [
        await createController(context, 'simpletest-rc-to-be-deleted', MANY),
        await createController(context, 'simpletest-rc-to-stay', 0),
      ];
      await hasAll(context, leaving.metadata.name, MANY);
      const {
        metadata: { name, uid },
      } = staying;
      const reference = { apiVersion: 'v1', kind: 'ReplicationController', name, uid: uid ?? '' };
      const kept = (await podsOf(context)).slice(0, MANY / 2);
      for (const one of kept) {
        await api.of(pod).patch(`${namespace}/${one.metadata.name}`, {
          type: 'strategic',
          body: { metadata: { ownerReferences: [reference] } },
        });
      }
      await api.of(replicationController).delete(`${namespace}/${leaving.metadata.name}`, {
        propagationPolicy: 'Foreground',
        preconditions: { uid: leaving.metadata.uid ?? '' },
      });
      await until(context, 'the end of the controller', GONE_MS, () =>
        controllerIsGone(context, leaving.metadata.name),
      );
      const pods = await podsOf(context);
      assert.equal(pods.length, kept.length);
      for (const { metadata } of pods) {
        assert.equal(metadata.deletionTimestamp, undefined);
        assert.deepEqual(
          metadata.ownerReferences?.map((owner) => owner.name),
          [name],
        );
      }
    },
    600_000,
  ),

  conformanceTest(`${PREFIX} not be blocked by dependency circle`, async (context) => {
    const { api, namespace } = context;
    const pods = [];
    for (const name of ['pod1', 'pod2', 'pod3']) {
      pods.push(
        await api.of(pod).create({
          metadata: { name, namespace },
          spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'nginx', image: PAUSE }] },
        }),
      );
    }
    for (const [i, { metadata }] of pods.entries()) {
      const owner = pods[(i + 2) % 3]?.metadata;
      const ownerReferences = [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          name: owner?.name,
          uid: owner?.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ];
      await api
        .of(pod)
        .patch(`${namespace}/${metadata.name}`, { type: 'strategic', body: { metadata: { ownerReferences } } });
    }
    await api.of(pod).delete(`${namespace}/pod1`, {
      propagationPolicy: 'Foreground',
      preconditions: { uid: pods[0]?.metadata.uid ?? '' },
    });
    await until(context, 'the end of all pods', GONE_MS, async () => (await podsOf(context)).length === 0);
  }),
];
