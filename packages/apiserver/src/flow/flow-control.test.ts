import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowSchema, priorityLevelConfiguration } from '@navarch/api';
import { requestInfo } from '../request-info.ts';
import { type Asked, asked } from '../testing/ask.ts';
import { flowGroup, levelOfTesters, tester } from '../testing/level-of-testers.ts';
import { ensureFlow } from './default-flow.ts';
import { FlowControl, type Pass } from './flow-control.ts';

const never = new AbortController().signal;
const infoOf = (method: string, path: string) => requestInfo(method, path, new URLSearchParams());
const pods = infoOf('GET', '/api/v1/namespaces/d/pods');

/** A level of one seat with two places to wait, for whoever is called tester. */
async function oneSeat(
  limitResponse: object = { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 2 } },
): Promise<Asked & { readonly flow: FlowControl }> {
  const all = await asked();
  await levelOfTesters(all, { nominalConcurrencyShares: 0, borrowingLimitPercent: 0, limitResponse });
  return { ...all, flow: new FlowControl(all.server.registry) };
}

test('every user of a usual cluster has a schema, and is told which', async () => {
  const { server, ask } = await asked();
  const flow = new FlowControl(server.registry);
  const schemaOf = (name: string, groups: readonly string[], info = pods): string | undefined => {
    const uid = flow.enter({ name, groups }, info).headers['x-kubernetes-pf-flowschema-uid'];
    return [
      ...server.registry.of(flowSchema).shelf.cache.range(server.registry.of(flowSchema).shelf.prefixOf('')),
    ].find(({ object }) => object.metadata.uid === uid)?.object.metadata.name;
  };
  const all = 'system:authenticated';
  const lease = infoOf('PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n');
  assert.deepEqual(
    [
      schemaOf('a', ['system:masters', all]),
      schemaOf('system:node:n', ['system:nodes', all]),
      schemaOf('system:node:n', ['system:nodes', all], lease),
      schemaOf('system:kube-scheduler', [all]),
      schemaOf('system:kube-scheduler', [all], lease),
      schemaOf('system:serviceaccount:kube-system:x', ['system:serviceaccounts', all]),
      schemaOf('system:serviceaccount:d:x', ['system:serviceaccounts', all]),
      schemaOf('bob', [all]),
      schemaOf('system:anonymous', ['system:unauthenticated'], infoOf('GET', '/livez')),
    ],
    [
      'exempt',
      'system-nodes',
      'system-node-high',
      'kube-scheduler',
      'system-leader-election',
      'kube-system-service-accounts',
      'service-accounts',
      'global-default',
      'probes',
    ],
  );
  const { headers } = await ask('GET', '/api/v1/namespaces/d/pods');
  assert.equal(
    headers['x-kubernetes-pf-prioritylevel-uid'],
    server.registry.of(priorityLevelConfiguration).get('', 'exempt').metadata.uid,
  );
});

test('who finds no seat waits in line, and is refused when the line is full', async () => {
  const { flow } = await oneSeat();
  const passes = Array.from({ length: 3 }, () => flow.enter(tester, pods));
  // A level without a share has no seat of its own and may borrow none.
  assert.deepEqual(
    passes.map((pass) => pass.wait !== undefined),
    [true, true, true],
  );
  const waits = passes.map((pass) => pass.wait?.(never));
  assert.equal(await waits[2], false);
});

test('a seat that is given back goes to who waits', async () => {
  const { flow, ask } = await oneSeat();
  await ask(
    'PATCH',
    `${flowGroup}/prioritylevelconfigurations/one`,
    { spec: { limited: { nominalConcurrencyShares: 1 } } },
    { 'content-type': 'application/merge-patch+json' },
  );
  const passes: Pass[] = [];
  for (let pass = flow.enter(tester, pods); pass.wait === undefined; pass = flow.enter(tester, pods)) passes.push(pass);
  const waiting = flow.enter(tester, pods).wait?.(never);
  passes[0]?.leave();
  assert.equal(await waiting, true);
  assert.ok(passes.length >= 1 && passes.length <= 3, `${passes.length} seats`);
});

test('a level that does not queue refuses at once; streams are not counted', async () => {
  const { flow } = await oneSeat({ type: 'Reject' });
  assert.equal(await flow.enter(tester, pods).wait?.(never), false);
  assert.equal(flow.enter(tester, infoOf('POST', '/api/v1/namespaces/d/pods/p/exec')).wait, undefined);
});

test('a level without own seats lives on what others lend', async () => {
  const { flow, ask } = await oneSeat();
  await ask(
    'PATCH',
    `${flowGroup}/prioritylevelconfigurations/one`,
    { spec: { limited: { borrowingLimitPercent: null } } },
    { 'content-type': 'application/merge-patch+json' },
  );
  assert.equal(flow.enter(tester, pods).wait, undefined);
});

test('a start puts back what is ours in the usual objects, and leaves what people keep for themselves', async () => {
  const { server, ask } = await asked();
  const merge = { 'content-type': 'application/merge-patch+json' };
  await ask(
    'PATCH',
    `${flowGroup}/flowschemas/catch-all`,
    {
      metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } },
      spec: { matchingPrecedence: 9_999 },
    },
    merge,
  );
  await ask(
    'PATCH',
    `${flowGroup}/flowschemas/probes`,
    { metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } }, spec: { matchingPrecedence: 3 } },
    merge,
  );
  await ensureFlow(server.registry);
  const precedence = (name: string): number => server.registry.of(flowSchema).get('', name).spec.matchingPrecedence;
  assert.deepEqual([precedence('catch-all'), precedence('probes')], [10_000, 3]);
  assert.equal(server.registry.of(flowSchema).get('', 'probes').status.conditions?.[0]?.status, 'False');
});

test('a flow schema is told whether its level is there, as levels come and go', async () => {
  const { ask } = await asked();
  const made = await ask('POST', `${flowGroup}/flowschemas`, {
    metadata: { name: 'lost' },
    spec: { priorityLevelConfiguration: { name: 'later' }, matchingPrecedence: 50 },
  });
  assert.equal(made.status, 201, made.text);
  const dangling = async (): Promise<unknown> => {
    await flushed();
    const { type, status, reason, message } = (await ask('GET', `${flowGroup}/flowschemas/lost`)).body.status
      .conditions[0];
    return [type, status, reason, message];
  };
  const words = 'This FlowSchema references the PriorityLevelConfiguration object named "later"';
  assert.deepEqual(await dangling(), ['Dangling', 'True', 'NotFound', `${words} but there is no such object`]);
  const limited = { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } };
  assert.equal(
    (
      await ask('POST', `${flowGroup}/prioritylevelconfigurations`, {
        metadata: { name: 'later' },
        spec: { type: 'Limited', limited },
      })
    ).status,
    201,
  );
  assert.deepEqual(await dangling(), ['Dangling', 'False', 'Found', `${words} and it exists`]);
  await ask('DELETE', `${flowGroup}/prioritylevelconfigurations/later`);
  assert.deepEqual(await dangling(), ['Dangling', 'True', 'NotFound', `${words} but there is no such object`]);
});

/** Lets everything that needs no time run to its end. */
const flushed = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
