import assert from 'node:assert/strict';
import { controllerRevision, daemonSet, isAvailable, node, type Node, pod, type Pod } from '@navarch/api';
import { type Draft, hasReason, isControlledBy, type ObjectOf } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { TESTHOST } from '../../testhost.ts';
import { until } from '../../until.ts';
import {
  checkStatus,
  imageOf,
  imagePatch,
  keyOf,
  POD_START_MS,
  podsOf,
  template,
  untilObject,
  WEBSERVER,
} from './workloads.ts';

type DaemonSet = ObjectOf<typeof daemonSet>;

const NAME = 'daemon-set';
const labels = { 'daemonset-name': NAME };
const HASH = 'controller-revision-hash';
const COLOR = 'daemonset-color';

/** Made in a namespace of the test's own, and gone with its pods before the next serial test begins. */
export async function createDaemons(
  context: TestContext,
  own: Readonly<Record<string, string>> = labels,
  name = NAME,
  spec: Draft<DaemonSet['spec']> = {},
): Promise<DaemonSet> {
  const { namespace } = context;
  const made = await context.api.of(daemonSet).create({
    metadata: { name, namespace, labels: own },
    spec: {
      selector: { matchLabels: own },
      template: template(own, { image: WEBSERVER, ports: [{ containerPort: 9376 }] }),
      ...spec,
    },
  });
  context.cleanup(async () => {
    await context.api.of(daemonSet).delete(`${namespace}/${name}`);
  });
  return made;
}

/** Nodes that a daemon without tolerations of its own may run on. */
async function nodeNames({ api }: TestContext): Promise<readonly string[]> {
  return (await api.of(node).list()).items
    .filter(({ spec }) => !spec.taints?.some(({ effect }) => effect !== 'PreferNoSchedule'))
    .map((n) => n.metadata.name)
    .sort();
}

const owned = async (
  context: TestContext,
  name = NAME,
  own: Readonly<Record<string, string>> = labels,
): Promise<readonly Pod[]> => {
  const set = await context.api.of(daemonSet).get(keyOf(context, name));
  return (await podsOf(context, own)).filter((p) => isControlledBy(p, set) && !p.metadata.deletionTimestamp);
};

/** On each of these nodes one daemon is available, and nowhere else is any. */
const untilOn = (
  context: TestContext,
  nodes: readonly string[],
  name = NAME,
  own: Readonly<Record<string, string>> = labels,
): Promise<void> =>
  until(context, `daemons on ${nodes.join(', ') || 'no node'}`, POD_START_MS, async () => {
    const pods = await owned(context, name, own);
    return (
      pods.every((p) => isAvailable(p, 0, context.clock.now())) &&
      pods
        .map((p) => p.spec.nodeName)
        .sort()
        .join() === nodes.join()
    );
  });

export const untilEverywhere = async (
  context: TestContext,
  name = NAME,
  own: Readonly<Record<string, string>> = labels,
): Promise<void> => untilOn(context, await nodeNames(context), name, own);

const checkNumbers = (context: TestContext): Promise<unknown> =>
  untilObject(context, daemonSet, NAME, {
    what: 'saying that all are there',
    isSo: ({ status }) =>
      status.desiredNumberScheduled === status.currentNumberScheduled &&
      status.desiredNumberScheduled === status.numberReady,
  });

async function colorNode({ api, unique }: TestContext, name: string, color: string | null): Promise<Node> {
  return api.of(node).patch(name, {
    type: 'merge',
    body: { metadata: { labels: { [COLOR]: color === null ? null : `${color}-${unique}` } } },
  });
}

/** Waits until every node has an available daemon with that image; at no look are more nodes without one than may be. */
async function untilImage(context: TestContext, image: string, maxUnavailable = 1): Promise<void> {
  const nodes = await nodeNames(context);
  await until(context, `${image} on every node`, POD_START_MS, async () => {
    const pods = await owned(context);
    const available = pods.filter((p) => isAvailable(p, 0, context.clock.now()));
    assert.ok(nodes.length - available.length <= maxUnavailable, `${available.length} of ${nodes.length} available`);
    return available.filter((p) => imageOf(p) === image).length === nodes.length;
  });
}

type Revision = ObjectOf<typeof controllerRevision>;

/** Waits for so many revisions; the newest is last. Every pod is of that one. */
async function checkHistory(context: TestContext, count: number): Promise<Revision> {
  let history: readonly Revision[] = [];
  await until(context, `${count} revisions`, POD_START_MS, async () => {
    const set = await context.api.of(daemonSet).get(keyOf(context, NAME));
    history = (await context.api.of(controllerRevision).list({ namespace: context.namespace })).items.filter(
      (revision) => isControlledBy(revision, set),
    );
    return history.length === count;
  });
  const newest = [...history].sort((a, b) => Number(a.revision) - Number(b.revision)).at(-1);
  assert.ok(newest);
  assert.equal(newest.revision, count);
  const hash = newest.metadata.labels?.[HASH];
  assert.ok(hash);
  for (const p of await owned(context)) assert.equal(p.metadata.labels?.[HASH], hash, p.metadata.name);
  return newest;
}

const setImage = (context: TestContext, image: string): Promise<DaemonSet> =>
  context.api.of(daemonSet).patch(keyOf(context, NAME), { type: 'strategic', body: imagePatch(image) });

export const daemonSetTests = [
  conformanceTest('[sig-apps] Daemon set should run and stop simple daemon', async (context) => {
    await createDaemons(context);
    await untilEverywhere(context);
    await checkNumbers(context);
    const [first] = await owned(context);
    await context.api.of(pod).delete(keyOf(context, first?.metadata.name ?? ''));
    await untilEverywhere(context);
  }),

  conformanceTest('[sig-apps] Daemon set should run and stop complex daemon', async (context) => {
    const { api, unique } = context;
    const own = labels;
    await createDaemons(context, own, NAME, {
      template: {
        ...template(own, { image: WEBSERVER }),
        spec: { ...template(own, { image: WEBSERVER }).spec, nodeSelector: { [COLOR]: `blue-${unique}` } },
      },
    });
    await untilOn(context, []);
    const [chosen = ''] = await nodeNames(context);
    context.cleanup(() => colorNode(context, chosen, null));
    assert.equal((await colorNode(context, chosen, 'blue')).metadata.labels?.[COLOR], `blue-${unique}`);
    await untilOn(context, [chosen]);
    await checkNumbers(context);
    await colorNode(context, chosen, 'green');
    await untilOn(context, []);
    const body = {
      spec: {
        updateStrategy: { type: 'RollingUpdate' },
        template: { spec: { nodeSelector: { [COLOR]: `green-${unique}` } } },
      },
    };
    const patched = await api.of(daemonSet).patch(keyOf(context, NAME), { type: 'strategic', body });
    assert.equal(patched.spec.template.metadata?.labels?.['daemonset-name'], NAME);
    await untilOn(context, [chosen]);
    await checkNumbers(context);
  }),

  conformanceTest('[sig-apps] Daemon set should retry creating failed daemon pods', async (context) => {
    await createDaemons(context);
    await untilEverywhere(context);
    await checkNumbers(context);
    const [failed] = await owned(context);
    assert.ok(failed);
    await context.api
      .of(pod)
      .update(
        keyOf(context, failed.metadata.name),
        (held) => ({ ...held, status: { ...held.status, phase: 'Failed' } }),
        { subresource: 'status' },
      );
    await untilEverywhere(context);
    await until(context, 'the end of the failed pod', POD_START_MS, async () => {
      try {
        return (
          (await context.api.of(pod).get(keyOf(context, failed.metadata.name))).metadata.uid !== failed.metadata.uid
        );
      } catch (error) {
        if (hasReason(error, 'NotFound')) return true;
        throw error;
      }
    });
    await untilEverywhere(context);
  }),

  conformanceTest(
    '[sig-apps] Daemon set should update pod when spec was updated and update strategy is RollingUpdate',
    async (context) => {
      await createDaemons(context, labels, NAME, { updateStrategy: { type: 'RollingUpdate' } });
      await untilEverywhere(context);
      await checkHistory(context, 1);
      await setImage(context, TESTHOST);
      await untilImage(context, TESTHOST);
      await untilEverywhere(context);
      await checkHistory(context, 2);
    },
  ),

  conformanceTest('[sig-apps] Daemon set should rollback without unnecessary restarts', async (context) => {
    const broken = 'foo:non-existent';
    const nodes = await nodeNames(context);
    await createDaemons(context, labels, NAME, { updateStrategy: { type: 'RollingUpdate' } });
    await untilEverywhere(context);
    await setImage(context, broken);
    await until(context, 'the middle of a rollout', POD_START_MS, async () =>
      (await owned(context)).some((p) => imageOf(p) === broken),
    );
    const old = (await owned(context)).filter((p) => imageOf(p) === WEBSERVER);
    assert.ok(nodes.length === 1 ? old.length === 0 : old.length > 0, 'no pod of the old template is left');
    await setImage(context, WEBSERVER);
    await untilImage(context, WEBSERVER);
    const now = new Set((await owned(context)).map((p) => p.metadata.uid));
    assert.deepEqual(
      old.filter((p) => !now.has(p.metadata.uid)).map((p) => p.metadata.name),
      [],
      'pods that were started anew',
    );
  }),

  conformanceTest('[sig-apps] Daemon set should list and delete a collection of DaemonSets', async (context) => {
    const { api, namespace } = context;
    await createDaemons(context);
    await untilEverywhere(context);
    const list = async (): Promise<readonly string[]> =>
      (await api.of(daemonSet).list({ namespace, labelSelector: `daemonset-name=${NAME}` })).items.map(
        (set) => set.metadata.name,
      );
    assert.deepEqual(await list(), [NAME]);
    await api.of(daemonSet).deleteCollection({ namespace, labelSelector: `daemonset-name=${NAME}` });
    await until(context, 'the end of the daemon set', POD_START_MS, async () => (await list()).length === 0);
  }),

  conformanceTest('[sig-apps] Daemon set should verify changes to a daemon set status', async (context) => {
    await createDaemons(context);
    await untilEverywhere(context);
    await checkStatus(context, daemonSet, NAME, labels);
  }),
];
