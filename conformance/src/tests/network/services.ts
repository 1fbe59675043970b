import assert from 'node:assert/strict';
import { endpointSlice, service } from '@navarch/api';
import { conformanceTest } from '../../conformance-test.ts';
import { outputOf, shell, startPod } from '../../pods.ts';
import { until } from '../../until.ts';

export const serviceTests = [
  conformanceTest('[sig-network] Services should find a service from listing all namespaces', async (context) => {
    const made = await context.api.of(service).create({
      metadata: { name: `found-${context.unique}`, namespace: context.namespace }, spec: { ports: [{ port: 80 }] },
    });
    const { items } = await context.api.of(service).list();
    assert.ok(items.some((s) => s.metadata.uid === made.metadata.uid));
  }),

  conformanceTest('[sig-network] Services should serve a basic endpoint from pods', async (context) => {
    await context.api.of(service).create({
      metadata: { name: 'web', namespace: context.namespace }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    const { status } = await startPod(context, 'web', {
      terminationGracePeriodSeconds: 1, containers: [{ name: 'web', image: 'nginx', imagePullPolicy: 'IfNotPresent' }],
    }, { labels: { app: 'web' } });
    await until(context, 'the endpoint of the pod', 60_000, async () => {
      const { items } = await context.api.of(endpointSlice).list({ namespace: context.namespace, labelSelector: 'kubernetes.io/service-name=web' });
      return items.some((slice) => slice.endpoints?.some((e) => e.addresses.includes(status.podIP ?? '')));
    });
    const output = await outputOf(context, 'asking', { containers: [shell('curl -sS --retry 5 --retry-connrefused --max-time 10 http://web')] });
    assert.match(output, /nginx/i);
  }),
];
