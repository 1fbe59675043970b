import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolRange, type Service } from '@navarch/api';
import { addressPool } from './address-pool.ts';

const signal = new AbortController().signal;
const pool = (...texts: readonly string[]) =>
  addressPool(texts.map((text) => poolRange(text) ?? assert.fail(`no range: ${text}`)));
const made = (name: string, spec: Partial<Service['spec']> = {}, ips: readonly string[] = [], second = 0): Service =>
  ({
    metadata: { namespace: 'n', name, uid: name, creationTimestamp: `2026-01-01T00:00:0${second}Z` },
    spec: { ipFamilies: ['IPv4'], ...spec },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  }) as unknown as Service;
type Pool = ReturnType<typeof pool>;
const give = async (from: Pool, service: Service, others: readonly Service[] = []): Promise<readonly string[]> =>
  (await from.ensure(service, { nodes: [], services: [service, ...others] }, signal)).ingress?.map(
    ({ ip }) => ip ?? '',
  ) ?? [];

test('poolRange() reads ranges, blocks and single addresses of both families, and nothing else', () => {
  const count = (text: string): bigint | undefined => poolRange(text)?.count;
  assert.deepEqual(
    ['10.0.0.5-10.0.0.9', '10.0.0.5 - 10.0.0.5', '10.0.0.5', '10.0.0.0/29', 'fd00::/126', 'fd00::1-fd00::ff'].map(
      count,
    ),
    [5n, 1n, 1n, 6n, 3n, 255n],
  );
  for (const text of ['', 'a', '10.0.0.9-10.0.0.5', '10.0.0.1-fd00::1', '1.2.3.4-1.2.3.5-1.2.3.6', '10.0.0.0/40'])
    assert.equal(poolRange(text), undefined, text);
});

test('addressPool() gives the first free address, keeps what a service has, and gives back what went', async () => {
  const from = pool('10.0.0.1-10.0.0.3');
  assert.deepEqual(await give(from, made('a')), ['10.0.0.1']);
  // No status shows it yet: what was given a moment ago is not given again.
  assert.deepEqual(await give(from, made('b')), ['10.0.0.2']);
  assert.deepEqual(await give(from, made('b', {}, ['10.0.0.2']), [made('a', {}, ['10.0.0.1'])]), ['10.0.0.2']);
  await from.remove(made('a'), signal);
  assert.deepEqual(await give(from, made('c')), ['10.0.0.1']);
  assert.deepEqual(await give(from, made('d', {}, ['192.168.0.1'])), ['10.0.0.3']);
  await assert.rejects(give(from, made('e')), /no IPv4 address of the pool is free: 10.0.0.1-10.0.0.3/);
});

test('addressPool() gives what is asked for, if it has it and nobody else does', async () => {
  const from = pool('10.0.0.1-10.0.0.3');
  assert.deepEqual(await give(from, made('a', { loadBalancerIP: '10.0.0.2' })), ['10.0.0.2']);
  await assert.rejects(give(from, made('b', { loadBalancerIP: '10.0.0.2' })), /10.0.0.2 is taken by another service/);
  await assert.rejects(give(from, made('b', { loadBalancerIP: '10.0.0.9' })), /the pool does not have 10.0.0.9/);
});

test('addressPool() takes an address from the younger of two that have it', async () => {
  const [older, younger] = [made('z', {}, ['10.0.0.1'], 0), made('a', {}, ['10.0.0.1'], 1)];
  assert.deepEqual(await give(pool('10.0.0.1-10.0.0.3'), older, [younger]), ['10.0.0.1']);
  assert.deepEqual(await give(pool('10.0.0.1-10.0.0.3'), younger, [older]), ['10.0.0.2']);
});

test('addressPool() gives an address of each family that is asked for', async () => {
  const both = { ipFamilies: ['IPv4', 'IPv6'] } as const;
  assert.deepEqual(await give(pool('10.0.0.1', 'fd00::1'), made('a', both)), ['10.0.0.1', 'fd00::1']);
  assert.deepEqual(await give(pool('10.0.0.1'), made('a', { ...both, ipFamilyPolicy: 'PreferDualStack' })), [
    '10.0.0.1',
  ]);
  await assert.rejects(
    give(pool('10.0.0.1'), made('a', { ...both, ipFamilyPolicy: 'RequireDualStack' })),
    /the pool has no IPv6 addresses/,
  );
});
