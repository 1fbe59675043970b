import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, pod, secret, serviceAccount } from '@navarch/api';
import { legacyTokenCleanerController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

const DAY_MS = 24 * 3_600_000;
const NAME = 'kube-apiserver-legacy-service-account-token-tracking';
const INVALID = 'kubernetes.io/legacy-token-invalid-since';
const USED = 'kubernetes.io/legacy-token-last-used';

async function start(since: string): Promise<ControlPlane> {
  const plane = await ControlPlane.start({ controllers: [legacyTokenCleanerController] });
  await plane.api.of(configMap).create({ metadata: { namespace: 'kube-system', name: NAME }, data: { since } });
  const secrets = ['idle', 'used', 'mounted', 'unreadable'].map((name) => ({ name }));
  await plane.api.of(serviceAccount).create({ metadata: { namespace: 'default', name: 'default' }, secrets });
  const annotations = { 'kubernetes.io/service-account.name': 'default' };
  const labels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    used: { [USED]: '2026-12-31' },
    unreadable: { [USED]: 'lately' },
  };
  for (const name of [...secrets.map((s) => s.name), 'own'])
    await plane.api.of(secret).create({
      metadata: { namespace: 'default', name, annotations, labels: labels[name] ?? {} },
      type: 'kubernetes.io/service-account-token',
      data: { token: btoa(name) },
    });
  await plane.api.of(pod).create({
    metadata: { namespace: 'default', name: 'p' },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', secret: { secretName: 'mounted' } }],
      automountServiceAccountToken: false,
    },
  });
  return plane;
}

const show = async (plane: ControlPlane): Promise<readonly string[]> =>
  (await plane.list(secret)).map(({ metadata: { name, labels } }) => `${name} ${labels?.[INVALID] ?? '-'}`);
const ALL = ['idle -', 'mounted -', 'own -', 'unreadable -', 'used -'];

test('legacy-serviceaccount-token-cleaner marks what nobody has used for a year, and deletes it a year later', async () => {
  await using plane = await start('2026-01-01');
  await plane.clock.advance(365 * DAY_MS + 60_000);
  assert.deepEqual(await show(plane), ALL, 'not tracked for a whole year');
  await plane.clock.advance(2 * DAY_MS);
  assert.deepEqual(await show(plane), ['idle 2027-01-02', 'mounted -', 'own -', 'unreadable -', 'used -']);
  await plane.clock.advance(360 * DAY_MS);
  assert.equal((await show(plane)).length, 5);
  await plane.clock.advance(10 * DAY_MS);
  assert.deepEqual(await show(plane), ['mounted -', 'own -', 'unreadable -', 'used 2028-01-01']);
});

test('legacy-serviceaccount-token-cleaner takes nothing away while it is not known since when uses are written down', async () => {
  await using plane = await start('whenever');
  await plane.clock.advance(800 * DAY_MS);
  assert.deepEqual(await show(plane), ALL);
});
