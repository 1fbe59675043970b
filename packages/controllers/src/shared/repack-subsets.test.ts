import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointPort } from '@navarch/api';
import { repackSubsets } from './repack-subsets.ts';

const http: EndpointPort = { name: 'http', port: 80, protocol: 'TCP' };
const metrics: EndpointPort = { name: 'metrics', port: 9100, protocol: 'TCP' };
const offers = (ip: string, ports: readonly EndpointPort[], isReady = true) => ({ address: { ip }, isReady, ports });
const shown = (...all: Parameters<typeof repackSubsets>[0] extends Iterable<infer One> ? readonly One[] : never) =>
  repackSubsets(all).map(
    ({ addresses = [], notReadyAddresses = [], ports = [] }) =>
      `${ports.map((port) => `${port.name} ${port.port}`).join()}: ${addresses.map(({ ip }) => ip).join()} / ${notReadyAddresses.map(({ ip }) => ip).join()}`,
  );

test('repackSubsets() has ports that the same addresses offer in one subset', () => {
  assert.deepEqual(shown(offers('10.0.0.2', [http, metrics]), offers('10.0.0.1', [http, metrics])), [
    'http 80,metrics 9100: 10.0.0.1,10.0.0.2 / ',
  ]);
  assert.deepEqual(
    shown(offers('10.0.0.1', [http]), offers('10.0.0.1', [metrics])),
    ['http 80,metrics 9100: 10.0.0.1 / '],
    'also where they came apart',
  );
});

test('repackSubsets() keeps ports apart that not all offer', () => {
  assert.deepEqual(shown(offers('10.0.0.1', [http, metrics]), offers('10.0.0.2', [{ ...http, port: 8080 }, metrics])), [
    'http 80: 10.0.0.1 / ',
    'http 8080: 10.0.0.2 / ',
    'metrics 9100: 10.0.0.1,10.0.0.2 / ',
  ]);
});

test('repackSubsets() takes for ready only who is by every account', () => {
  assert.deepEqual(shown(offers('10.0.0.1', [http], false), offers('10.0.0.1', [http])), ['http 80:  / 10.0.0.1']);
  assert.deepEqual(shown(offers('10.0.0.1', [http]), offers('10.0.0.1', [http], false)), ['http 80:  / 10.0.0.1']);
  assert.deepEqual(shown(offers('10.0.0.1', [http]), offers('10.0.0.1', [metrics], false)), [
    'http 80: 10.0.0.1 / ',
    'metrics 9100:  / 10.0.0.1',
  ]);
});

test('repackSubsets() keeps who offers no port, and pods that share an address', () => {
  assert.deepEqual(shown(offers('10.0.0.1', []), offers('10.0.0.2', [])), [': 10.0.0.1,10.0.0.2 / ']);
  const pods = ['a', 'b'].map((uid) => ({
    ...offers('10.0.0.1', [http]),
    address: { ip: '10.0.0.1', targetRef: { uid } },
  }));
  assert.deepEqual(shown(...pods), ['http 80: 10.0.0.1,10.0.0.1 / ']);
});

test('repackSubsets() keeps ports of one name apart: nobody could tell them from one another', () => {
  const plain = (port: number): EndpointPort => ({ port, protocol: 'TCP' });
  assert.deepEqual(shown(offers('10.0.0.1', [plain(80)]), offers('10.0.0.1', [plain(81)])), [
    'undefined 80: 10.0.0.1 / ',
    'undefined 81: 10.0.0.1 / ',
  ]);
});
