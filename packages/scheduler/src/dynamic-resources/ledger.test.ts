import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Kind, keyOf } from '@navarch/machinery';
import type { CacheReader } from '@navarch/client';
import { podOf } from '../testing/builders.ts';
import type { Claim } from './devices.ts';
import { DeviceLedger } from './ledger.ts';

const pod = podOf('p');
const made = {
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaim',
  metadata: {
    name: 'p-extended-resources-x',
    namespace: 'default',
    uid: 'claim',
    resourceVersion: '7',
    annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: pod.metadata.uid, controller: true }],
  },
  spec: { devices: { requests: [] } },
  status: { allocation: { devices: { results: [] } } },
} as unknown as Claim;

test('DeviceLedger does not offer a claim that is gone to its pod when a cache that lags shows it for the first time', () => {
  let shown: readonly Claim[] = [];
  let seen = 5n;
  const objects = {
    get: (_kind: Kind<any>, key: string) => shown.find((claim) => keyOf(claim) === key),
    list: () => shown,
    find: () => shown,
    hasSeen: (_kind: Kind<any>, version: string) => BigInt(version) <= seen,
  } as unknown as CacheReader;
  const ledger = new DeviceLedger(objects);
  ledger.wrote(made);
  ledger.doom(made);
  ledger.gone(made);
  [shown, seen] = [[made], 7n];
  ledger.claimChanged(made, undefined);
  assert.deepEqual(ledger.extendedClaimsOf(pod), []);
  assert.equal(ledger.isDoomed(made), true);
  [shown, seen] = [[], 9n];
  ledger.claimChanged(undefined, made);
  assert.equal(ledger.isDoomed(made), false, 'it is forgotten');
});

test('DeviceLedger forgets a claim that is gone and that no event ever told of', () => {
  let seen = 5n;
  const objects = {
    get: () => undefined,
    list: () => [],
    find: () => [],
    hasSeen: (_kind: Kind<any>, version: string) => BigInt(version) <= seen,
  } as unknown as CacheReader;
  const ledger = new DeviceLedger(objects);
  ledger.doom(made);
  ledger.gone(made);
  assert.equal(ledger.isDoomed(made), true);
  seen = 9n;
  ledger.wrote({ ...made, metadata: { ...made.metadata, name: 'other', uid: 'other' } });
  assert.equal(ledger.isDoomed(made), false);
});
