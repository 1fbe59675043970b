import assert from 'node:assert/strict';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { changeService, createService, serveHostnames, startAsker, untilSays, untilServed } from './reach.ts';

/** A service elsewhere in the cluster to lead to, with pods behind it: its full name. */
async function externalName(context: TestContext): Promise<string> {
  await createService(context, 'externalsvc', {
    selector: { name: 'externalsvc' },
    ports: [{ port: 80, targetPort: 9376 }],
  });
  await serveHostnames(context, 'externalsvc', 2);
  return `externalsvc.${context.namespace}.svc.cluster.local`;
}

async function toExternalName(context: TestContext, type: 'ClusterIP' | 'NodePort'): Promise<void> {
  const name = `${type.toLowerCase()}-service`;
  await createService(context, name, { type, selector: { name }, ports: [{ port: 80, targetPort: 9376 }] });
  const target = await externalName(context);
  const { spec } = await changeService(context, name, (current) => ({
    ...current,
    type: 'ExternalName',
    externalName: target,
  }));
  assert.ok(!spec.clusterIP, `clusterIP is still ${spec.clusterIP}`);
  await startAsker(context);
  await untilSays(context, 'execpod', `nslookup ${name}.${context.namespace}.svc.cluster.local`);
}

async function fromExternalName(context: TestContext, type: 'ClusterIP' | 'NodePort'): Promise<void> {
  const made = await createService(context, 'externalname-service', {
    type: 'ExternalName',
    externalName: 'example.com',
  });
  assert.ok(!made.spec.clusterIP, 'an ExternalName has no address');
  const changed = await changeService(context, 'externalname-service', ({ externalName: _, ...spec }) => ({
    ...spec,
    type,
    selector: { name: 'externalname-service' },
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 9376 }],
  }));
  assert.ok(changed.spec.clusterIP, 'no clusterIP was given');
  assert.equal(changed.spec.ports?.[0]?.nodePort !== undefined, type === 'NodePort');
  await serveHostnames(context, 'externalname-service', 2);
  await startAsker(context);
  await untilServed(context, 'execpod', changed);
}

export const serviceTypeTests = [
  conformanceTest(
    '[sig-network] Services should be able to change the type from ExternalName to ClusterIP',
    (context) => fromExternalName(context, 'ClusterIP'),
  ),
  conformanceTest('[sig-network] Services should be able to change the type from ExternalName to NodePort', (context) =>
    fromExternalName(context, 'NodePort'),
  ),
  conformanceTest(
    '[sig-network] Services should be able to change the type from ClusterIP to ExternalName',
    (context) => toExternalName(context, 'ClusterIP'),
  ),
  conformanceTest('[sig-network] Services should be able to change the type from NodePort to ExternalName', (context) =>
    toExternalName(context, 'NodePort'),
  ),
];
