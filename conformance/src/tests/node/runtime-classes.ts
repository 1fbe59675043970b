import assert from 'node:assert/strict';
import { type Pod, pod, runtimeClass } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { isDiscovered } from '../../api-operations.ts';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, shell } from '../../pods.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';

/** What the nodes' runtime has by that name does not matter: such pods are placed, not started. */
const HANDLER = 'test-handler';

const podOf = (context: TestContext, runtimeClassName: string): Promise<Pod> =>
  createPod(context, `test-runtimeclass-${context.unique}`, {
    runtimeClassName,
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    containers: [shell('true')],
  });

async function isRejected(context: TestContext, runtimeClassName: string): Promise<boolean> {
  try {
    await podOf(context, runtimeClassName);
    return false;
  } catch (error) {
    assert.ok(hasReason(error, 'Forbidden'), String(error));
    return true;
  }
}

async function makeClass(
  context: TestContext,
  overhead?: { readonly podFixed: Readonly<Record<string, string>> },
): Promise<string> {
  const name = `${context.namespace}-class`;
  await context.api
    .of(runtimeClass)
    .create({ metadata: { name }, handler: HANDLER, ...(overhead ? { overhead } : {}) });
  context.cleanup(() => context.api.of(runtimeClass).delete(name));
  return name;
}

/** The only pod of the namespace, as soon as it has a node. */
async function placed(context: TestContext): Promise<Pod> {
  let pods: readonly Pod[] = [];
  await until(context, 'the pod being placed', 300_000, async () => {
    pods = (await context.api.of(pod).list({ namespace: context.namespace })).items;
    return pods.length > 0 && pods.every(({ spec }) => spec.nodeName);
  });
  assert.equal(pods.length, 1);
  return pods[0] as Pod;
}

export const runtimeClassTests = [
  conformanceTest(
    '[sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass',
    async (context) => {
      assert.ok(await isRejected(context, `${context.namespace}-nonexistent`), 'the pod was taken');
    },
  ),

  conformanceTest('[sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass', async (context) => {
    const classes = context.api.of(runtimeClass);
    const name = `${context.namespace}-delete-me`;
    await classes.create({ metadata: { name }, handler: 'runc' });
    await classes.delete(name);
    await until(context, 'the class being gone', 60_000, () =>
      classes.get(name).then(
        () => false,
        (error: unknown) => hasReason(error, 'NotFound'),
      ),
    );
    await until(context, 'a pod of it being refused', 300_000, async () => {
      if (await isRejected(context, name)) return true;
      await context.api
        .of(pod)
        .delete(`${context.namespace}/test-runtimeclass-${context.unique}`, { gracePeriodSeconds: 0 });
      return false;
    });
  }),

  conformanceTest(
    '[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead',
    async (context) => {
      const made = await podOf(context, await makeClass(context));
      const { metadata, spec } = await placed(context);
      assert.deepEqual([metadata.name, spec.overhead], [made.metadata.name, undefined]);
    },
  ),

  conformanceTest(
    '[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead',
    async (context) => {
      const overhead = { cpu: '10m', memory: '1Mi' };
      const made = await podOf(context, await makeClass(context, { podFixed: overhead }));
      const { metadata, spec } = await placed(context);
      assert.deepEqual([metadata.name, spec.overhead], [made.metadata.name, overhead]);
    },
  ),

  conformanceTest('[sig-node] RuntimeClass should support RuntimeClasses API operations', async (context) => {
    await isDiscovered(context, runtimeClass);
    const [classes, mine] = [context.api.of(runtimeClass), { labelSelector: `test=${context.unique}` }];
    const draft = (number: number) => ({
      metadata: { name: `${context.unique}-class-${number}`, labels: { test: context.unique } },
      handler: `${context.unique}-handler-${number}`,
    });
    context.cleanup(() => classes.deleteCollection(mine));
    const first = await classes.create(draft(1));
    await assert.rejects(classes.create(draft(1)), (error) => hasReason(error, 'AlreadyExists'));
    await classes.create(draft(2));
    const watch = watching(context, runtimeClass, { ...mine, after: (await classes.list(mine)).resourceVersion });
    await classes.create(draft(3));
    assert.equal((await classes.get(first.metadata.name)).metadata.uid, first.metadata.uid);
    assert.equal((await classes.list(mine)).items.length, 3);
    const patched = await classes.patch(first.metadata.name, {
      type: 'merge',
      body: { metadata: { annotations: { patched: 'true' } } },
    });
    assert.equal(patched.metadata.annotations?.['patched'], 'true');
    const updated = await classes.replace({
      ...patched,
      metadata: { ...patched.metadata, annotations: { ...patched.metadata.annotations, updated: 'true' } },
    });
    assert.equal(updated.metadata.annotations?.['updated'], 'true');
    await watch.next(
      'the new class',
      30_000,
      ({ type, object }) => type === 'ADDED' && object.metadata.name === draft(3).metadata.name,
    );
    await watch.next(
      'the patched class',
      30_000,
      ({ type, object }) => type === 'MODIFIED' && object.metadata.annotations?.['patched'] === 'true',
    );
    await watch.next(
      'the updated class',
      30_000,
      ({ type, object }) => type === 'MODIFIED' && object.metadata.annotations?.['updated'] === 'true',
    );
    await classes.delete(first.metadata.name);
    await assert.rejects(classes.get(first.metadata.name), (error) => hasReason(error, 'NotFound'));
    assert.equal((await classes.list(mine)).items.length, 2);
    await classes.deleteCollection(mine);
    assert.deepEqual((await classes.list(mine)).items, []);
  }),
];
