import assert from 'node:assert/strict';
import { type Pod, pod, priorityClass, replicaSet } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, getPod, untilPod, untilRunning } from '../../pods.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import { equipNode, nodeThatRunsPods, onNode, pauseSpec, usableNodes } from './nodes.ts';

const RESOURCE = 'scheduling.k8s.io/foo';
const FAKE_CPU = 'example.com/fakecpu';
const FINALIZER = 'example.com/test-finalizer';

/** Classes of the test's own, by the names it knows them by. */
async function makeClasses<Name extends string>(
  context: TestContext,
  values: Readonly<Record<Name, number>>,
): Promise<Readonly<Record<Name, string>>> {
  const names: [string, string][] = [];
  for (const [short, value] of Object.entries<number>(values)) {
    const name = `sched-preemption-${short}-${context.unique}`;
    context.cleanup(() => context.kubectl(['delete', 'priorityclass', name]));
    await context.api.of(priorityClass).create({ metadata: { name }, value });
    names.push([short, name]);
  }
  return Object.fromEntries(names) as Record<Name, string>;
}

const levels = { low: 1, medium: 100, high: 1000 };

async function isLeaving(context: TestContext, name: string): Promise<boolean> {
  try {
    return (await getPod(context, name)).metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return true;
    throw error;
  }
}

interface Filled {
  readonly classes: Readonly<Record<keyof typeof levels, string>>;
  /** The first is the one of low priority. */
  readonly pods: readonly string[];
}

/** Two pods on each node that take four fifths of a resource; the very first of them has a low priority, the others a medium one. */
async function fillNodes(context: TestContext): Promise<Filled> {
  const classes = await makeClasses(context, levels);
  const pods: string[] = [];
  for (const [i, { metadata }] of (await usableNodes(context)).entries()) {
    await equipNode(context, metadata.name, RESOURCE, '5');
    for (const j of [0, 1]) {
      const priority = pods.length === 0 ? 'low' : 'medium';
      const name = `pod${i}-${j}-${priority}-priority`;
      await createPod(
        context,
        name,
        pauseSpec({ [RESOURCE]: '2' }, { priorityClassName: classes[priority], affinity: onNode(metadata.name) }),
      );
      pods.push(name);
    }
  }
  assert.ok(pods.length >= 2);
  for (const name of pods) await untilRunning(context, name);
  return { classes, pods };
}

async function onlyFirstIsGone(context: TestContext, [first = '', ...others]: readonly string[]): Promise<void> {
  assert.ok(await isLeaving(context, first), `${first} was not preempted`);
  for (const name of others) assert.ok(!(await isLeaving(context, name)), `${name} was preempted`);
}

async function criticalPod(context: TestContext): Promise<void> {
  const { pods } = await fillNodes(context);
  const api = context.api.of(pod);
  const key = `kube-system/critical-pod-${context.unique}`;
  context.cleanup(() =>
    context.kubectl([
      'delete',
      'pod',
      '-n',
      'kube-system',
      `critical-pod-${context.unique}`,
      '--grace-period=0',
      '--force',
    ]),
  );
  await api.create({
    metadata: { name: `critical-pod-${context.unique}`, namespace: 'kube-system' },
    spec: pauseSpec({ [RESOURCE]: '2' }, { priorityClassName: 'system-cluster-critical' }),
  });
  await until(
    context,
    'the critical pod running',
    120_000,
    async () => (await api.get(key)).status.phase === 'Running',
  );
  await onlyFirstIsGone(context, pods);
}

async function disruptionCondition(context: TestContext): Promise<void> {
  const classes = await makeClasses(context, levels);
  const node = await nodeThatRunsPods(context);
  await equipNode(context, node, RESOURCE, '1');
  const spec = (priorityClassName: string) =>
    pauseSpec({ [RESOURCE]: '1' }, { priorityClassName, affinity: onNode(node) });
  context.cleanup(() =>
    context.kubectl(['patch', 'pod', 'victim-pod', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']),
  );
  await createPod(context, 'victim-pod', spec(classes.low), { finalizers: [FINALIZER] });
  await untilRunning(context, 'victim-pod');
  await createPod(context, 'preemptor-pod', spec(classes.high));
  const victim = await untilPod(
    context,
    'victim-pod',
    'ending',
    120_000,
    ({ metadata }) => metadata.deletionTimestamp !== undefined,
  );
  const condition = (victim.status.conditions ?? []).find(({ type }) => type === 'DisruptionTarget');
  assert.deepEqual([condition?.status, condition?.reason], ['True', 'PreemptionByScheduler']);
}

/** ReplicaSets make their preempted pods anew, once each: who is not in the way stays. */
async function replicaSets(context: TestContext): Promise<void> {
  const node = await nodeThatRunsPods(context);
  await equipNode(context, node, FAKE_CPU, '1k');
  const classes = await makeClasses(context, { p1: 1, p2: 2, p3: 3, p4: 4 });
  const { resourceVersion } = await context.api.of(pod).list({ namespace: context.namespace });
  const watch = watching(context, pod, { namespace: context.namespace, after: resourceVersion });
  const seen = (name: string): number =>
    new Set(
      watch.changes
        .filter(({ type, object }) => type === 'ADDED' && object.metadata.name.startsWith(name))
        .map(({ object }) => object.metadata.name),
    ).size;
  const sets = [
    ['rs-pod1', classes.p1, '200'],
    ['rs-pod2', classes.p2, '300'],
    ['rs-pod3', classes.p3, '450'],
  ] as const;
  const spec = (priorityClassName: string, amount: string) =>
    pauseSpec({ [FAKE_CPU]: amount }, { priorityClassName, nodeSelector: { 'kubernetes.io/hostname': node } });
  for (const [name, priorityClassName, amount] of sets) {
    await context.api.of(replicaSet).create({
      metadata: { name, namespace: context.namespace },
      spec: {
        replicas: 1,
        selector: { matchLabels: { name } },
        template: { metadata: { labels: { name } }, spec: spec(priorityClassName, amount) },
      },
    });
    await until(
      context,
      `${name} available`,
      120_000,
      async () => (await context.api.of(replicaSet).get(`${context.namespace}/${name}`)).status.availableReplicas === 1,
    );
  }
  await createPod(context, 'pod4', spec(classes.p4, '500'));
  await untilRunning(context, 'pod4');
  const expected = [2, 2, 1];
  await until(context, 'the preempted pods made anew', 60_000, async () =>
    sets.every(([name], i) => seen(name) >= (expected[i] ?? 0)),
  );
  await context.clock.sleep(5000, context.signal);
  assert.deepEqual(
    sets.map(([name]) => seen(name)),
    expected,
    'pods of each set',
  );
  const third = (await context.api.of(pod).list({ namespace: context.namespace, labelSelector: 'name=rs-pod3' })).items;
  assert.deepEqual(
    third.map((p: Pod) => [p.status.phase, p.metadata.deletionTimestamp]),
    [['Running', undefined]],
  );
}

async function priorityClassVerbs(context: TestContext): Promise<void> {
  const values = { p1: 1, p2: 2 };
  const { p1, p2 } = await makeClasses(context, values);
  const api = context.api.of(priorityClass);
  const isRefused = (error: unknown): boolean => hasReason(error, 'Invalid');
  await assert.rejects(api.patch(p1, { type: 'strategic', body: { value: values.p1 * 10 } }), isRefused);
  const second = await api.get(p2);
  await assert.rejects(api.replace({ ...second, value: second.value * 10 }), isRefused);

  const description = 'updated description';
  await api.patch(p1, { type: 'strategic', body: { description } });
  await api.update(p2, (current) => ({ ...current, description }));
  const names = (await api.list()).items.map(({ metadata }) => metadata.name);
  assert.deepEqual(
    [p1, p2].filter((name) => !names.includes(name)),
    [],
  );
  for (const [name, value] of [
    [p1, values.p1],
    [p2, values.p2],
  ] as const) {
    const found = await api.get(name);
    assert.deepEqual([found.value, found.description], [value, description]);
  }
}

export const preemptionTests = [
  conformanceTest('[sig-scheduling] SchedulerPreemption validates basic preemption works', async (context) => {
    const { classes, pods } = await fillNodes(context);
    await createPod(context, 'preemptor-pod', pauseSpec({ [RESOURCE]: '2' }, { priorityClassName: classes.high }));
    await untilRunning(context, 'preemptor-pod');
    await onlyFirstIsGone(context, pods);
  }),
  conformanceTest(
    '[sig-scheduling] SchedulerPreemption validates lower priority pod preemption by critical pod',
    criticalPod,
  ),
  conformanceTest(
    '[sig-scheduling] SchedulerPreemption validates pod disruption condition is added to the preempted pod',
    disruptionCondition,
  ),
  conformanceTest(
    '[sig-scheduling] SchedulerPreemption PreemptionExecutionPath runs ReplicaSets to verify preemption running path',
    replicaSets,
  ),
  conformanceTest(
    '[sig-scheduling] SchedulerPreemption PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods',
    priorityClassVerbs,
  ),
];
