import assert from 'node:assert/strict';
import { configMap, type PodSpec } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { outputOf, shell } from '../../pods.ts';

const DATA = { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' };
type ConfigMapSource = NonNullable<NonNullable<Draft<PodSpec>['volumes']>[number]['configMap']>;

/** Runs `script` in a pod with the ConfigMap at /etc/config. */
async function readBack(context: TestContext, script: string, source: ConfigMapSource = {}, rest: Draft<PodSpec> = {}): Promise<string> {
  await context.api.of(configMap).create({ metadata: { name: 'settings', namespace: context.namespace }, data: DATA });
  return outputOf(context, 'reader', {
    ...rest,
    containers: [{ ...shell(script), volumeMounts: [{ name: 'settings', mountPath: '/etc/config' }] }],
    volumes: [{ name: 'settings', configMap: { ...source, name: 'settings' } }],
  });
}

const mapped = { items: [{ key: 'data-2', path: 'path/to/data-2' }] };

export const configMapVolumeTests = [
  conformanceTest('[sig-storage] ConfigMap should be consumable from pods in volume', async (context) => {
    assert.equal(await readBack(context, 'cat /etc/config/data-1'), 'value-1');
  }),

  conformanceTest('[sig-storage] ConfigMap should be consumable from pods in volume as non-root', async (context) => {
    assert.equal(await readBack(context, 'id -u; cat /etc/config/data-1', {}, { securityContext: { runAsUser: 1000 } }), '1000\nvalue-1');
  }),

  conformanceTest('[sig-storage] ConfigMap should be consumable from pods in volume with defaultMode set', async (context) => {
    assert.equal(await readBack(context, 'stat -L -c %a /etc/config/data-1', { defaultMode: 0o400 }), '400\n');
  }),

  conformanceTest('[sig-storage] ConfigMap should be consumable from pods in volume with mappings', async (context) => {
    assert.equal(await readBack(context, 'cat /etc/config/path/to/data-2; ls /etc/config', mapped), 'value-2path\n');
  }),

  conformanceTest('[sig-storage] ConfigMap should be consumable from pods in volume with mappings and Item mode set', async (context) => {
    const source = { items: [{ key: 'data-2', path: 'path/to/data-2', mode: 0o400 }] };
    assert.equal(await readBack(context, 'stat -L -c %a /etc/config/path/to/data-2; cat /etc/config/path/to/data-2', source), '400\nvalue-2');
  }),

  conformanceTest('[sig-storage] ConfigMap should be consumable from pods in volume with mappings as non-root', async (context) => {
    assert.equal(await readBack(context, 'cat /etc/config/path/to/data-2', mapped, { securityContext: { runAsUser: 1000 } }), 'value-2');
  }),
];
