import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startedServer } from '../testing/started-server.ts';

for (const [advertiseAddress, serviceCidr, first, family] of [
  ['10.95.0.1', '10.96.0.0/16', '10.96.0.1', 'IPv4'],
  ['fd00:10:95:1::2', 'fd00:10:96::/112', 'fd00:10:96::1', 'IPv6'],
] as const)
  test(`bootstrap() leads the service kubernetes to a server at ${advertiseAddress}`, async () => {
    const { ask } = await startedServer([], { advertiseAddress, serviceCidr });
    const { body: service } = await ask('GET', '/api/v1/namespaces/default/services/kubernetes');
    assert.deepEqual(service.spec.clusterIPs, [first]);
    assert.deepEqual(service.spec.ipFamilies, [family]);
    const { body: slice } = await ask('GET', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes');
    assert.equal(slice.addressType, family);
    assert.deepEqual(slice.endpoints[0].addresses, [advertiseAddress]);
  });
