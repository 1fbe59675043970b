import assert from 'node:assert/strict';
import { isTerminal, type Node, pod, podRequests } from '@navarch/api';
import { quantityMilliValue } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, getPod, untilRunning } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import { labelNode, nodeThatRunsPods, pauseSpec, placements, untilUnschedulable, usableNodes } from './nodes.ts';

/** So long a pod is watched not being placed. */
const UNPLACED_MS = 300_000;

const milliOf = (amount: string | undefined): number => Number(quantityMilliValue(amount ?? '0'));

/** Thousandths of a CPU on the node that no pod has asked for. */
async function freeMilliCpu(context: TestContext, { metadata, status }: Node): Promise<number> {
  const { items } = await context.api.of(pod).list({ fieldSelector: `spec.nodeName=${metadata.name}` });
  const taken = items.filter((p) => !isTerminal(p)).reduce((sum, p) => sum + milliOf(podRequests(p.spec)['cpu']), 0);
  return milliOf(status.allocatable?.['cpu']) - taken;
}

async function resourceLimits(context: TestContext): Promise<void> {
  const nodes = await usableNodes(context);
  let largest = 0;
  for (const [i, found] of nodes.entries()) {
    const { name } = found.metadata;
    await labelNode(context, name, 'node', name);
    const free = await freeMilliCpu(context, found);
    largest = Math.max(largest, free);
    context.log(`${name}: ${free}m free`);
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'node', operator: 'In' as const, values: [name] }] }],
        },
      },
    };
    await createPod(context, `filler-pod-${i}`, pauseSpec({ cpu: `${Math.floor((free * 7) / 10)}m` }, { affinity }));
  }
  for (const i of nodes.keys()) await untilRunning(context, `filler-pod-${i}`);
  await createPod(context, 'additional-pod', pauseSpec({ cpu: `${Math.floor((largest * 5) / 10)}m` }));
  await untilUnschedulable(context, 'additional-pod');
  assert.deepEqual(await placements(context), { placed: nodes.length, unplaced: 1 });
}

async function hostPortConflict(context: TestContext): Promise<void> {
  const name = await nodeThatRunsPods(context);
  const label = `kubernetes.io/e2e-${context.unique}`;
  await labelNode(context, name, label, '95');
  const address =
    (await usableNodes(context))
      .find(({ metadata }) => metadata.name === name)
      ?.status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
  const at = (podName: string, hostIP: string) =>
    createPod(context, podName, {
      terminationGracePeriodSeconds: 0,
      nodeSelector: { [label]: '95' },
      containers: [
        {
          ...testhost('netexec', '--http-port=8080', '--udp-port=8080'),
          ports: [{ hostPort: 54_322, containerPort: 8080, protocol: 'TCP', hostIP }],
          readinessProbe: { httpGet: { path: '/hostname', port: 8080, scheme: 'HTTP' } },
        },
      ],
    });
  await at('pod4', '0.0.0.0');
  await untilRunning(context, 'pod4');
  await at('pod5', address);
  const end = context.clock.monotonic() + UNPLACED_MS;
  while (context.clock.monotonic() < end) {
    const { spec, status } = await getPod(context, 'pod5');
    assert.deepEqual([spec.nodeName, status.phase], [undefined, 'Pending']);
    await context.clock.sleep(5000, context.signal);
  }
}

export const predicateTests = [
  conformanceTest(
    '[sig-scheduling] SchedulerPredicates validates resource limits of pods that are allowed to run',
    resourceLimits,
  ),

  conformanceTest(
    '[sig-scheduling] SchedulerPredicates validates that NodeSelector is respected if not matching',
    async (context) => {
      await usableNodes(context);
      await createPod(context, 'restricted-pod', pauseSpec(undefined, { nodeSelector: { label: 'nonempty' } }), {
        labels: { name: 'restricted' },
      });
      await untilUnschedulable(context, 'restricted-pod');
      assert.deepEqual(await placements(context), { placed: 0, unplaced: 1 });
    },
  ),

  conformanceTest(
    '[sig-scheduling] SchedulerPredicates validates that NodeSelector is respected if matching',
    async (context) => {
      const name = await nodeThatRunsPods(context);
      const label = `kubernetes.io/e2e-${context.unique}`;
      await labelNode(context, name, label, '42');
      await createPod(context, 'with-labels', pauseSpec(undefined, { nodeSelector: { [label]: '42' } }));
      const { spec } = await untilRunning(context, 'with-labels');
      assert.equal(spec.nodeName, name);
    },
  ),

  conformanceTest(
    '[sig-scheduling] SchedulerPredicates validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP',
    hostPortConflict,
    UNPLACED_MS + 200_000,
  ),
];
