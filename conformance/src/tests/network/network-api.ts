import assert from 'node:assert/strict';
import { endpointSlice, ingress, ingressClass, ipAddress, serviceCIDR } from '@navarch/api';
import { runOperations } from '../../api-operations.ts';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { getJson } from '../../requests.ts';
import { watching } from '../../watches.ts';

const backend = (number: number) => ({ service: { name: 'test-backend', port: { number } } });

/** An address in the name of the object, of a family; nobody has it. */
const addressOf = (context: TestContext, name: string, type: string) =>
  context.api.of(ipAddress).create({
    metadata: { name, labels: { type: `${type}-${context.unique}` } },
    spec: { parentRef: { group: 'mygroup', resource: 'myresources', namespace: 'foo', name: 'bar' } },
  });

export const networkApiTests = [
  conformanceTest('[sig-network] Ingress API should support creating Ingress API operations', (context) =>
    runOperations(context, {
      kind: ingress,
      template: {
        spec: {
          defaultBackend: backend(80),
          rules: [{ host: 'foo.bar.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: backend(80) }] } }],
          tls: [],
        },
      },
      status: {
        patch: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } },
        isPatched: ({ status }) => status?.loadBalancer?.ingress?.[0]?.ip === '169.1.1.1',
        replaced: (current) => ({ ...current, status: { loadBalancer: { ingress: [{ ip: '169.1.1.2' }] } } }),
        isReplaced: ({ status }) => status?.loadBalancer?.ingress?.[0]?.ip === '169.1.1.2',
      },
    }),
  ),

  conformanceTest('[sig-network] IngressClass API should support creating IngressClass API operations', (context) =>
    runOperations(context, {
      kind: ingressClass,
      template: { spec: { controller: 'example.com/controller' } },
    }),
  ),

  conformanceTest('[sig-network] EndpointSlice should support creating EndpointSlice API operations', (context) =>
    runOperations(context, {
      kind: endpointSlice,
      template: {
        addressType: 'IPv4',
        endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'] }, { addresses: ['2.2.3.4', '6.6.7.8'] }],
      },
    }),
  ),

  conformanceTest(
    '[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations',
    async (context) => {
      const api = context.api.of(serviceCIDR);
      const found = await api.get('kubernetes');
      const status = await getJson<{ kind: string; apiVersion: string; metadata: { uid: string } }>(
        context,
        '/apis/networking.k8s.io/v1/servicecidrs/kubernetes/status',
      );
      assert.deepEqual(
        [status.apiVersion, status.kind, status.metadata.uid],
        ['networking.k8s.io/v1', 'ServiceCIDR', found.metadata.uid],
      );
      assert.ok((await api.list()).items.length > 0);
      const watch = watching(context, serviceCIDR, { after: '0' });
      await watch.next(
        'the default ServiceCIDR in a watch',
        30_000,
        ({ type, object }) => type === 'ADDED' && object.metadata.name === 'kubernetes',
      );
    },
  ),

  conformanceTest(
    '[sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations',
    async (context) => {
      const api = context.api.of(ipAddress);
      const [broadcast, linkLocal] = [`type=broadcast-${context.unique}`, `type=link-local-${context.unique}`];
      for (const labelSelector of [broadcast, linkLocal])
        context.cleanup(() => api.deleteCollection({ labelSelector }));
      const made = await addressOf(context, '255.255.255.255', 'broadcast');
      await addressOf(context, 'fe80::42:1dff:fe84:f9e2', 'link-local');

      const patched = await api.patch(made.metadata.name, {
        type: 'merge',
        body: { metadata: { annotations: { patched: 'true' } } },
      });
      assert.equal(patched.metadata.annotations?.['patched'], 'true');
      assert.ok(BigInt(patched.metadata.resourceVersion ?? 0) > BigInt(made.metadata.resourceVersion ?? 0));
      const updated = await api.update(made.metadata.name, (current) => ({
        ...current,
        metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, updated: 'true' } },
      }));
      assert.equal(updated.metadata.annotations?.['updated'], 'true');
      assert.equal((await api.get(made.metadata.name)).metadata.uid, made.metadata.uid);
      assert.equal((await api.list({ labelSelector: broadcast })).items.length, 1);
      const watch = watching(context, ipAddress, { labelSelector: broadcast, after: '0' });
      await watch.next('the address in a watch', 30_000, ({ object }) => object.metadata.name === made.metadata.name);

      await api.delete(made.metadata.name);
      await api.deleteCollection({ labelSelector: linkLocal });
      assert.equal((await api.list({ labelSelector: linkLocal })).items.length, 0);
    },
  ),
];
