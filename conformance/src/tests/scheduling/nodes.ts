import assert from 'node:assert/strict';
import { type Container, event, isNodeReady, node, type Node, pod, type Pod, type PodSpec } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import type { TestContext } from '../../conformance-test.ts';
import { createPod, removePod, untilRunning } from '../../pods.ts';
import { PAUSE } from '../../testhost.ts';
import { until } from '../../until.ts';

export type Amounts = Readonly<Record<string, string>>;

/** A container that does nothing, with that much of its node to itself. */
const pausing = (amounts?: Amounts): Draft<Container> & { readonly name: string } => ({
  name: 'main',
  image: PAUSE,
  ...(amounts ? { resources: { requests: amounts, limits: amounts } } : {}),
});

export const pauseSpec = (amounts?: Amounts, rest: Partial<Draft<PodSpec>> = {}): Draft<PodSpec> => ({
  terminationGracePeriodSeconds: 0,
  ...rest,
  containers: [pausing(amounts)],
});

/** Nodes that take pods, all of them healthy. */
export async function usableNodes(context: TestContext): Promise<readonly Node[]> {
  const { items } = await context.api.of(node).list();
  assert.deepEqual(
    items.filter((n) => !isNodeReady(n)).map(({ metadata }) => metadata.name),
    [],
    'nodes that are not ready',
  );
  const usable = items.filter(
    ({ spec }) => !spec.unschedulable && !(spec.taints ?? []).some(({ effect }) => effect !== 'PreferNoSchedule'),
  );
  assert.ok(usable.length > 0, 'no node takes pods');
  return usable;
}

/** The name of a node that runs a pod without any wishes, found by running one. */
export async function nodeThatRunsPods(context: TestContext): Promise<string> {
  await createPod(context, 'without-label', pauseSpec());
  const { spec } = await untilRunning(context, 'without-label');
  await removePod(context, 'without-label', { gracePeriodSeconds: 0 });
  assert.ok(spec.nodeName);
  return spec.nodeName;
}

/** Gives a node a label until the test is over. */
export async function labelNode(context: TestContext, name: string, label: string, value: string): Promise<void> {
  const api = context.api.of(node);
  context.cleanup(() => context.kubectl(['label', 'node', name, `${label}-`]));
  const labelled = await api.patch(name, { type: 'strategic', body: { metadata: { labels: { [label]: value } } } });
  assert.equal(labelled.metadata.labels?.[label], value);
}

/** Lets a node say that it has so much of a resource, until the test is over. Its kubelet then offers that to pods. */
export async function equipNode(context: TestContext, name: string, resource: string, amount: string): Promise<void> {
  const api = context.api.of(node);
  const path = resource.replaceAll('~', '~0').replaceAll('/', '~1');
  context.cleanup(() =>
    context.kubectl([
      'patch',
      'node',
      name,
      '--subresource=status',
      '--type=json',
      '-p',
      JSON.stringify([{ op: 'remove', path: `/status/capacity/${path}` }]),
    ]),
  );
  await api.patch(
    name,
    { type: 'strategic', body: { status: { capacity: { [resource]: amount } } } },
    { subresource: 'status' },
  );
  await until(
    context,
    `${amount} of ${resource} on ${name}`,
    60_000,
    async () => (await api.get(name)).status.allocatable?.[resource] === amount,
  );
}

/** Waits until the scheduler says by an event that it found no place for the pod. */
export const untilUnschedulable = (context: TestContext, name: string): Promise<void> =>
  until(context, `an event of ${name} not being placed`, 120_000, async () => {
    const { items } = await context.api
      .of(event)
      .list({ namespace: context.namespace, fieldSelector: `involvedObject.name=${name}` });
    return items.some(
      ({ reason, type, metadata }) =>
        reason === 'FailedScheduling' && type === 'Warning' && metadata.name.startsWith(name),
    );
  });

/** How many of the namespace's pods were placed, and how many could not be. */
export async function placements(
  context: TestContext,
): Promise<{ readonly placed: number; readonly unplaced: number }> {
  const { items } = await context.api.of(pod).list({ namespace: context.namespace });
  const scheduled = (p: Pod) => (p.status.conditions ?? []).find(({ type }) => type === 'PodScheduled');
  return {
    placed: items.filter((p) => p.spec.nodeName !== undefined && scheduled(p)?.status === 'True').length,
    unplaced: items.filter(
      (p) =>
        p.spec.nodeName === undefined && scheduled(p)?.status === 'False' && scheduled(p)?.reason === 'Unschedulable',
    ).length,
  };
}

/** A pod must go to the node of that name: asked for by a field, which no label can fake. */
export const onNode = (name: string): Draft<PodSpec>['affinity'] => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
    },
  },
});
