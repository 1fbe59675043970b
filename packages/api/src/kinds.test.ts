import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersionOf, equalJson } from '@navarch/machinery';
import { youngKinds } from './earlier-versions.ts';
import { builtinKinds } from './kinds.ts';
import { completed, created, hooks, kindOf, refusals, updateRefusals } from './testing/check.ts';
import { minimalObjects } from './testing/minimal-objects.ts';

const keys = Object.keys(minimalObjects);

test('every kind has a minimal object', () => {
  assert.deepEqual(
    [...builtinKinds, ...youngKinds].map((kind) => `${kind.group}/${kind.version}.${kind.kind}`).sort(),
    keys.toSorted(),
  );
});

for (const key of keys) {
  test(`${key}: the least that must be said is valid, and stays so when nothing changes`, () => {
    assert.deepEqual(refusals(key), []);
    assert.deepEqual(updateRefusals(key, {}), []);
  });
}

test('a PUT of what is not there makes what upstream makes', () => {
  const made = [...builtinKinds, ...youngKinds]
    .filter(({ behaviour }) => behaviour.createsOnUpdate)
    .map(({ plural }) => plural);
  assert.deepEqual([...new Set(made)].sort(), [
    'clusterrolebindings',
    'clusterroles',
    'endpoints',
    'events',
    'leasecandidates',
    'leases',
    'limitranges',
    'rolebindings',
    'roles',
    'services',
  ]);
});

test('a kind with a status gives a new object an empty one, whatever the creator says', () => {
  for (const key of keys) {
    const kind = kindOf(key);
    // A node says what it is when it registers.
    if (key === '/v1.Node' || kind.hub || !kind.subresources.some(({ name }) => name === 'status')) continue;
    const claimed = { conditions: [{ type: 'Claimed', status: 'True' }] };
    const conditions = created(key, { status: claimed }).status?.conditions ?? [];
    assert.ok(!conditions.some((condition: { type: string }) => condition.type === 'Claimed'), key);
  }
});

test('a new generation begins with what is desired, never with labels or a status', () => {
  for (const key of keys) {
    const kind = kindOf(key);
    const { desired } = kind.behaviour;
    if (desired === false || !desired) continue;
    const before = created(key);
    const after = structuredClone(before);
    after.status = { ...after.status, observedGeneration: 7 };
    after.metadata.resourceVersion = '9';
    assert.ok(equalJson(desired(after), desired(before)), key);
  }
});

test('versions of one kind convert both ways without loss', () => {
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } };
  const others = [
    { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
    {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 5 } },
    },
    {
      type: 'Pods',
      pods: {
        metric: { name: 'm', selector: { matchLabels: { a: 'b' } } },
        target: { type: 'AverageValue', averageValue: '3' },
      },
    },
    {
      type: 'Object',
      object: {
        describedObject: { kind: 'Service', name: 's' },
        metric: { name: 'm' },
        target: { type: 'Value', value: '10' },
      },
    },
    { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '30' } } },
  ];
  const current = [
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '1' } } },
  ];
  const rest = { scaleTargetRef: { kind: 'Deployment', name: 'd' }, minReplicas: 2, maxReplicas: 3 };
  const behavior = { scaleDown: { stabilizationWindowSeconds: 5 } };
  const hub = kindOf('autoscaling/v2.HorizontalPodAutoscaler');
  const v1 = kindOf('autoscaling/v1.HorizontalPodAutoscaler');
  const held = completed(hub, {
    apiVersion: apiVersionOf(hub),
    kind: hub.kind,
    metadata: { name: 'x', annotations: { a: 'b' } },
    spec: { ...rest, metrics: [cpu, ...others], behavior },
    status: {
      currentReplicas: 1,
      desiredReplicas: 2,
      conditions: [{ type: 'AbleToScale', status: 'True' }],
      currentMetrics: null,
    },
  });
  const shown = completed(v1, v1.hub?.fromHub(held));
  assert.equal(shown.spec.targetCPUUtilizationPercentage, 60);
  assert.deepEqual(Object.keys(shown.metadata.annotations), [
    'a',
    'autoscaling.alpha.kubernetes.io/behavior',
    'autoscaling.alpha.kubernetes.io/conditions',
    'autoscaling.alpha.kubernetes.io/metrics',
  ]);
  assert.deepEqual(completed(hub, v1.hub?.toHub(shown)), held);
  const withCurrent = completed(v1, v1.hub?.fromHub({ ...held, status: { ...held.status, currentMetrics: current } }));
  assert.equal(withCurrent.status.currentCPUUtilizationPercentage, 40);
});

test('prepareUpdate() keeps a service its addresses and ports when a client leaves them out', () => {
  const kind = kindOf('/v1.Service');
  const previous = completed(kind, {
    metadata: { name: 'x' },
    spec: {
      type: 'NodePort',
      clusterIP: '10.0.0.9',
      clusterIPs: ['10.0.0.9'],
      ports: [{ port: 80, nodePort: 30_080 }],
    },
  });
  const next = completed(kind, { metadata: { name: 'x' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } });
  kind.behaviour.prepareUpdate?.(next, previous, hooks);
  assert.deepEqual(
    [next.spec.clusterIP, next.spec.clusterIPs, next.spec.ports[0].nodePort],
    ['10.0.0.9', ['10.0.0.9'], 30_080],
  );
});

test('prepareCreate() gives a job labels and a selector of its own', () => {
  const { spec } = created('batch/v1.Job');
  assert.deepEqual(spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'uid' } });
  assert.deepEqual(spec.template.metadata.labels, {
    'batch.kubernetes.io/controller-uid': 'uid',
    'batch.kubernetes.io/job-name': 'x',
    'controller-uid': 'uid',
    'job-name': 'x',
  });
});

test('prepareCreate() and prepareUpdate() count the templates of a daemon set', () => {
  const kind = kindOf('apps/v1.DaemonSet');
  const held = created('apps/v1.DaemonSet');
  const key = 'deprecated.daemonset.template.generation';
  assert.equal(held.metadata.annotations[key], '1');
  const next = structuredClone(held);
  kind.behaviour.prepareUpdate?.(next, held, hooks);
  assert.equal(next.metadata.annotations[key], '1');
  next.spec.template.spec.hostNetwork = true;
  kind.behaviour.prepareUpdate?.(next, held, hooks);
  assert.equal(next.metadata.annotations[key], '2');
});
