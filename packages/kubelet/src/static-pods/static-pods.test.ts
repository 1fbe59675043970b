import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { memoryFiles } from '../volumes/testing/memory-files.ts';
import { ManifestFolder } from './manifest-folder.ts';
import { staticPod } from './manifest.ts';

const origin = { file: '/m/web.yaml', nodeName: 'node-1', seenAt: Date.parse('2026-01-01T00:00:00Z') };
const document = (spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', ...metadata },
  spec: { containers: [{ name: 'c', image: 'app' }], ...spec },
});
const made = (spec?: object, metadata?: object): Pod => staticPod(document(spec, metadata), origin);

test('staticPod() names and marks a pod as upstream does, with the defaults of the API', () => {
  const { metadata, spec } = made({ tolerations: [{ key: 'k', operator: 'Exists' }] }, { annotations: { a: 'b' } });
  assert.deepEqual([metadata.name, metadata.namespace, spec.nodeName], ['web-node-1', 'default', 'node-1']);
  assert.deepEqual(metadata.annotations, {
    a: 'b',
    'kubernetes.io/config.hash': metadata.uid,
    'kubernetes.io/config.seen': '2026-01-01T00:00:00.000Z',
    'kubernetes.io/config.source': 'file',
  });
  assert.deepEqual([spec.restartPolicy, spec.containers[0]?.imagePullPolicy], ['Always', 'Always']);
  assert.deepEqual(spec.tolerations?.at(-1), { operator: 'Exists', effect: 'NoExecute' });
});

test('staticPod() knows a pod by what its file says, where it is and on which node, and by its own uid where it has one', () => {
  const { uid } = made().metadata;
  assert.match(uid, /^[0-9a-f]{32}$/);
  assert.equal(staticPod(document(), { ...origin, seenAt: 0 }).metadata.uid, uid);
  const others = [
    made({ hostNetwork: true }),
    staticPod(document(), { ...origin, file: '/m/other' }),
    staticPod(document(), { ...origin, nodeName: 'n' }),
  ];
  assert.equal(new Set([uid, ...others.map((p) => p.metadata.uid)]).size, 4);
  assert.equal(made({}, { uid: 'mine' }).metadata.annotations?.['kubernetes.io/config.hash'], 'mine');
});

test('staticPod() refuses what is no pod, or none that can run without the API', () => {
  const table: readonly (readonly [of: unknown, message: RegExp])[] = [
    [undefined, /not a v1 Pod/],
    [{ apiVersion: 'apps/v1', kind: 'Deployment' }, /it holds apps\/v1 Deployment, not a v1 Pod/],
    [document({ containers: 'none' }), /cannot unmarshal/],
    [document({ containers: [] }), /spec\.containers: Required value/],
    [document({}, { name: 'No_Name' }), /metadata\.name: Invalid value/],
    [document({ serviceAccountName: 'a' }), /^static pods may not reference serviceaccounts$/],
    [document({ imagePullSecrets: [{ name: 's' }] }), /reference secrets$/],
    [document({ volumes: [{ name: 'v', configMap: { name: 'm' } }] }), /reference configmaps$/],
    [
      document({ containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 's' } }] }] }),
      /reference secrets$/,
    ],
    [
      document({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'p' } }] }),
      /reference persistentvolumeclaims$/,
    ],
  ];
  for (const [of, message] of table) assert.throws(() => staticPod(of, origin), { name: 'ManifestError', message });
  assert.ok(made({ nodeSelector: { secret: 'x' }, volumes: [{ name: 'v', hostPath: { path: '/' } }] }));
});

test('ManifestFolder.look() takes files once they are settled, and keeps a pod whose file became unreadable', async () => {
  const files = memoryFiles();
  const folder = new ManifestFolder({
    files,
    clock: new SimClock(),
    log: silent,
    nodeName: 'n',
    path: '/m',
    parse: JSON.parse,
  });
  const names = async (): Promise<readonly string[]> => [...(await folder.look()).keys()];
  const write = (name: string, of: object): Promise<void> => files.write(`/m/${name}`, JSON.stringify(of));
  assert.deepEqual(await names(), []);
  await files.makeDir('/m/folder');
  await write('.hidden', document());
  await write('a', document({}, { name: 'a' }));
  assert.deepEqual(await names(), []);
  await write('a', document({}, { name: 'b' }));
  assert.deepEqual(await names(), []);
  assert.deepEqual(await names(), ['default/b-n']);
  await files.write('/m/a', '{');
  assert.deepEqual([await names(), await names()], [['default/b-n'], ['default/b-n']]);
  await files.removeTree('/m/a');
  assert.deepEqual(await names(), []);
});

test('ManifestFolder.look() takes one file too, and of two files with one name the first', async () => {
  const files = memoryFiles();
  files.put('/m/1', 'file', JSON.stringify(document()));
  files.put('/m/2', 'file', JSON.stringify(document({ hostNetwork: true })));
  for (const [path, hostNetwork] of [
    ['/m', undefined],
    ['/m/2', true],
  ] as const) {
    const folder = new ManifestFolder({
      files,
      clock: new SimClock(),
      log: silent,
      nodeName: 'n',
      path,
      parse: JSON.parse,
    });
    assert.deepEqual(
      [...(await folder.look()).values()].map((p) => p.spec.hostNetwork),
      [hostNetwork],
    );
  }
});
