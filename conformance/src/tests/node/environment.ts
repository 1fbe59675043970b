import assert from 'node:assert/strict';
import { configMap, secret } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest } from '../../conformance-test.ts';
import { getPod, outputOf, shell } from '../../pods.ts';

const field = (name: string, fieldPath: string): { readonly name: string; readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } } } =>
  ({ name, valueFrom: { fieldRef: { fieldPath } } });

export const environmentTests = [
  conformanceTest('[sig-node] ConfigMap should be consumable via environment variable', async (context) => {
    await context.api.of(configMap).create({ metadata: { name: 'settings', namespace: context.namespace }, data: { key: 'value' } });
    const env = [{ name: 'FROM_MAP', valueFrom: { configMapKeyRef: { name: 'settings', key: 'key' } } }];
    assert.equal(await outputOf(context, 'reader', { containers: [{ ...shell('echo $FROM_MAP'), env }] }), 'value\n');
  }),

  conformanceTest('[sig-node] ConfigMap should fail to create ConfigMap with empty key', async (context) => {
    const made = context.api.of(configMap).create({ metadata: { name: 'settings', namespace: context.namespace }, data: { '': 'value' } });
    await assert.rejects(made, (error) => hasReason(error, 'Invalid'));
  }),

  conformanceTest('[sig-node] Secrets should fail to create secret due to empty secret key', async (context) => {
    const made = context.api.of(secret).create({ metadata: { name: 'secrets', namespace: context.namespace }, data: { '': 'dmFsdWU=' } });
    await assert.rejects(made, (error) => hasReason(error, 'Invalid'));
  }),

  conformanceTest('[sig-node] Downward API should provide pod name, namespace and IP address as env vars', async (context) => {
    const env = [field('NAME', 'metadata.name'), field('NAMESPACE', 'metadata.namespace'), field('ADDRESS', 'status.podIP')];
    const output = await outputOf(context, 'itself', { containers: [{ ...shell('echo $NAME $NAMESPACE $ADDRESS'), env }] });
    const { status } = await getPod(context, 'itself');
    assert.equal(output, `itself ${context.namespace} ${status.podIP}\n`);
  }),

  conformanceTest('[sig-node] Downward API should provide host IP as an env var', async (context) => {
    const output = await outputOf(context, 'itself', { containers: [{ ...shell('echo $HOST'), env: [field('HOST', 'status.hostIP')] }] });
    assert.equal(output, `${(await getPod(context, 'itself')).status.hostIP}\n`);
  }),

  conformanceTest('[sig-node] Downward API should provide pod UID as env vars', async (context) => {
    const output = await outputOf(context, 'itself', { containers: [{ ...shell('echo $POD'), env: [field('POD', 'metadata.uid')] }] });
    assert.equal(output, `${(await getPod(context, 'itself')).metadata.uid}\n`);
  }),
];
