import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EndpointSlice, endpointSlice, type Service, service } from '@navarch/api';
import { silent, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { settle, SimClock } from '@navarch/sim';
import { runProxy } from './proxy.ts';
import { TABLE } from './service-table.ts';

const web = {
  metadata: { name: 'web', namespace: 'default' },
  status: { loadBalancer: {} },
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
} as unknown as Service;
const slice = {
  metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: [{ addresses: ['10.244.0.5'], conditions: { ready: true }, nodeName: 'a' }],
} as unknown as EndpointSlice;

test('runProxy() makes its rules anew within seconds when somebody has thrown them away, and leaves them alone otherwise', async () => {
  const clock = new SimClock();
  let rules: 'none' | 'emptied' | 'there' = 'none';
  const whole: string[] = [];
  const cache = {
    onChange: (kind: unknown, listener: (current: unknown, previous: unknown) => void) => {
      const [only] = kind === service ? [web] : kind === endpointSlice ? [slice] : [];
      if (only) listener(only, undefined);
      return () => undefined;
    },
    whenSynced: async () => undefined,
  } as unknown as Cache;
  const filter = {
    async apply(script: string) {
      const isWhole = script.includes(`add table inet ${TABLE}`);
      if (rules === 'none' && !isWhole) throw new Error('No such file or directory');
      if (isWhole) whole.push(script);
      rules = 'there';
    },
    async hasRules() {
      if (rules === 'none') throw new Error('No such file or directory');
      return rules === 'there';
    },
    forget: async () => undefined,
  };
  await using group = new TaskGroup(new AbortController().signal);
  group.spawn((signal) =>
    runProxy({ cache, clock, log: silent, filter, node: { name: 'a', clusterCidr: '10.244.0.0/16' } }, signal),
  );
  const later = async (ms: number): Promise<void> => {
    await settle();
    await clock.advance(ms);
    await settle();
  };
  await later(100);
  assert.equal(whole.length, 1);
  await later(30_000);
  assert.equal(whole.length, 1);
  rules = 'none';
  await later(6_000);
  assert.equal(whole.length, 2);
  // The table and its chains are left.
  rules = 'emptied';
  await later(6_000);
  assert.equal(whole.length, 3);
  assert.match(whole[1] ?? '', /10\.244\.0\.5 \. 8080/);
});
