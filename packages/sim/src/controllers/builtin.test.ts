import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  builtinKinds,
  configMap,
  daemonSet,
  deployment,
  namespace,
  node,
  pod,
  service,
  statefulSet,
} from '@navarch/api';
import { builtinControllers, kindControllers } from '@navarch/controllers';
import { ControlPlane, quickPods } from '../testing/control-plane.ts';

const controllers = [
  ...builtinControllers({
    rootCertificate: 'PEM',
    nodeIpam: { clusterCidr: '10.244.0.0/16' },
    nodeLifecycle: { graceMs: 1e9, startupGraceMs: 1e9 },
  }),
  ...kindControllers(builtinKinds),
];
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'v1' }] } };
const spec = { selector: { matchLabels: { a: 'b' } }, template };

async function furnish(plane: ControlPlane, name: string): Promise<void> {
  await plane.api.of(namespace).create({ metadata: { name } });
  await plane.clock.advance(1000);
  const metadata = { name: 'web', namespace: name };
  await plane.api.of(deployment).create({ metadata, spec: { ...spec, replicas: 3 } });
  await plane.api.of(statefulSet).create({
    metadata: { ...metadata, name: 'db' },
    spec: {
      ...spec,
      serviceName: 'db',
      replicas: 2,
      selector: { matchLabels: { d: 'b' } },
      template: { ...template, metadata: { labels: { d: 'b' } } },
    },
  });
  await plane.api.of(daemonSet).create({
    metadata: { ...metadata, name: 'agent' },
    spec: {
      ...spec,
      selector: { matchLabels: { n: 'b' } },
      template: { ...template, metadata: { labels: { n: 'b' } } },
    },
  });
  await plane.api.of(service).create({ metadata, spec: { selector: { a: 'b' }, ports: [{ port: 80 }] } });
}
async function addNodes(plane: ControlPlane): Promise<void> {
  for (const name of ['a', 'b', 'c']) {
    await plane.api.of(node).create({ metadata: { name } });
    await plane.api
      .of(node)
      .update(name, (n) => ({ ...n, status: { ...n.status, conditions: [{ type: 'Ready', status: 'True' }] } }), {
        subresource: 'status',
      });
  }
}
const revision = async (plane: ControlPlane): Promise<string> => (await plane.api.of(configMap).list()).resourceVersion;

test('builtinControllers come to rest: a cluster in which nothing happens is not written to', async () => {
  await using plane = await ControlPlane.start({ controllers, pods: quickPods });
  await addNodes(plane);
  await furnish(plane, 'demo');
  await plane.clock.advance(60_000);
  assert.equal((await plane.list(pod, 'demo')).length, 8);
  const before = await revision(plane);
  await plane.clock.advance(3_600_000);
  assert.equal(await revision(plane), before);
});

test('builtinControllers empty a namespace with everything in it', async () => {
  await using plane = await ControlPlane.start({
    controllers,
    pods: quickPods,
    faults: { latencyMs: 20, watchLagMs: 300 },
  });
  await addNodes(plane);
  await furnish(plane, 'demo');
  await plane.clock.advance(60_000);
  await plane.api.of(namespace).delete('demo');
  await plane.clock.advance(300_000);
  assert.deepEqual(
    (await plane.api.of(namespace).list()).items.map((n) => n.metadata.name).filter((name) => name === 'demo'),
    [],
  );
  assert.equal((await plane.api.of(pod).list()).items.length, 0);
});
