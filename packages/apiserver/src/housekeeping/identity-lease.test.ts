import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
const OWN = `${LEASES}?labelSelector=apiserver.kubernetes.io%2Fidentity%3Dkube-apiserver`;

test('a server tells by a lease that it is there, renews it, and takes it away when it ends', async () => {
  const { ask, clock, stop } = await asked({ hostname: 'machine-1' });
  await clock.advance(0);
  const [first] = (await ask('GET', OWN)).body.items;
  const { name, labels } = first.metadata;
  // sha256 of both names with their lengths, in base 32.
  assert.equal(name, 'apiserver-c5oenvr5pcxks7prlzwmvy3ypi');
  assert.deepEqual(labels, {
    'apiserver.kubernetes.io/identity': 'kube-apiserver',
    'kubernetes.io/hostname': 'machine-1',
  });
  const { holderIdentity, leaseDurationSeconds, renewTime, ...others } = first.spec;
  assert.deepEqual([leaseDurationSeconds, others], [3600, {}]);
  assert.match(holderIdentity, new RegExp(`^${name}_[0-9a-f-]{36}$`));
  assert.equal(renewTime, new Date(clock.now()).toISOString().replace('Z', '000Z'));
  await clock.advance(10_000);
  const [renewed] = (await ask('GET', OWN)).body.items;
  assert.deepEqual(renewed.spec, {
    ...first.spec,
    renewTime: new Date(clock.now()).toISOString().replace('Z', '000Z'),
  });
  stop.abort(new Error('over'));
  await clock.advance(0);
  assert.deepEqual((await ask('GET', OWN)).body.items, []);
});

test('leases of servers that are gone are collected, those of others and of anything else are not', async () => {
  const { ask, clock } = await asked({ hostname: 'machine-1' });
  const made = async (name: string, renewTime: string | undefined, labels: object): Promise<void> => {
    const spec = { holderIdentity: name, leaseDurationSeconds: 3600, ...(renewTime ? { renewTime } : {}) };
    assert.equal((await ask('POST', LEASES, { metadata: { name, labels }, spec })).status, 201);
  };
  const identity = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' };
  const now = new Date(clock.now() + 3_600_000).toISOString().replace('Z', '000Z');
  const before = new Date(clock.now() - 3_600_000).toISOString().replace('Z', '000Z');
  await made('gone', before, identity);
  await made('never', undefined, identity);
  await made('here', now, identity);
  await made('other', before, {});
  await clock.advance(3_600_000);
  const names = (await ask('GET', LEASES)).body.items.map(({ metadata }: any) => metadata.name.split('-')[0]);
  assert.deepEqual(names, ['apiserver', 'here', 'other']);
});

test('readiness asks for the leases where the server has a name, and where the feature is on', async () => {
  const lines = async (more: Parameters<typeof asked>[0]): Promise<number> => {
    const { text } = await (await asked(more)).ask('GET', '/readyz?verbose');
    return text.split('\n').filter((line) => line.startsWith('[+]poststarthook/start-kube-apiserver-identity-lease-'))
      .length;
  };
  assert.equal(await lines({ hostname: 'machine-1' }), 2);
  assert.equal(await lines({}), 0);
});
