import assert from 'node:assert/strict';
import { service } from '@navarch/api';
import { conformanceTest } from '../../conformance-test.ts';
import { getJson } from '../../requests.ts';
import { watching } from '../../watches.ts';
import { createService, serviceApi } from './reach.ts';

const WATCH_MS = 60_000;

export const serviceObjectTests = [
  conformanceTest('[sig-network] Services should complete a service status lifecycle', async (context) => {
    const labels = { 'test-service-static': 'true' };
    const where = { namespace: context.namespace, labelSelector: 'test-service-static=true' };
    const key = `${context.namespace}/test-service`;
    const api = serviceApi(context);
    const { resourceVersion } = await api.list(where);
    const watch = watching(context, service, { ...where, after: resourceVersion });
    await createService(
      context,
      'test-service',
      {
        type: 'LoadBalancer',
        loadBalancerClass: 'example.com/internal-vip',
        ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 80 }],
      },
      labels,
    );
    await watch.next(
      'the new service',
      WATCH_MS,
      ({ type, object }) => type === 'ADDED' && object.metadata.name === 'test-service',
    );

    const status = await getJson<{ readonly metadata: { readonly name: string }; readonly status: object }>(
      context,
      `/api/v1/namespaces/${context.namespace}/services/test-service/status`,
    );
    assert.deepEqual(status.status, { loadBalancer: {} });

    await api.patch(
      key,
      {
        type: 'merge',
        body: {
          metadata: { annotations: { patchedstatus: 'true' } },
          status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
        },
      },
      { subresource: 'status' },
    );
    const patched = await watch.next(
      'the patched status',
      WATCH_MS,
      ({ type, object }) => type === 'MODIFIED' && object.metadata.annotations?.['patchedstatus'] === 'true',
    );
    assert.equal(patched.status.loadBalancer.ingress?.[0]?.ip, '203.0.113.1');

    const condition = {
      type: 'StatusUpdate',
      status: 'True',
      reason: 'E2E',
      message: 'Set from e2e test',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    } as const;
    await api.update(key, (current) => ({ ...current, status: { ...current.status, conditions: [condition] } }), {
      subresource: 'status',
    });
    const updated = await watch.next('the updated status', WATCH_MS, ({ object }) =>
      (object.status.conditions ?? []).some(({ type }) => type === 'StatusUpdate'),
    );
    assert.deepEqual(updated.status.conditions, [condition]);
    assert.equal(updated.status.loadBalancer.ingress?.[0]?.ip, '203.0.113.1');

    const body = { metadata: { labels: { 'test-service': 'patched' } } };
    await api.patch(key, { type: 'strategic', body });
    await watch.next(
      'the patched label',
      WATCH_MS,
      ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-service'] === 'patched',
    );
    await api.delete(key);
    await watch.next('the end of the service', WATCH_MS, ({ type }) => type === 'DELETED');
  }),

  conformanceTest('[sig-network] Services should delete a collection of services', async (context) => {
    const { namespace } = context;
    const labelled = { 'e2e-test-service': context.unique };
    await createService(context, 'e2e-svc-a', { ports: [{ name: 'http', port: 8001, targetPort: 8001 }] }, labelled);
    await createService(context, 'e2e-svc-b', { ports: [{ name: 'http', port: 8002, targetPort: 8002 }] }, labelled);
    await createService(context, 'e2e-svc-c', { ports: [{ name: 'http', port: 8003, targetPort: 8003 }] });
    const api = serviceApi(context);
    assert.equal((await api.list({ namespace })).items.length, 3);
    await api.deleteCollection({ namespace, labelSelector: `e2e-test-service=${context.unique}` });
    assert.deepEqual(
      (await api.list({ namespace })).items.map(({ metadata }) => metadata.name),
      ['e2e-svc-c'],
    );
  }),
];
