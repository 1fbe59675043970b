import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksOf } from './cidr.ts';

test('blocksOf() divides a range into blocks, in order', () => {
  const cases: readonly (readonly [cidr: string, bits: number, count: number, first: string, last: string])[] = [
    ['10.244.0.0/16', 24, 256, '10.244.0.0/24', '10.244.255.0/24'],
    ['192.168.3.77/16', 20, 16, '192.168.0.0/20', '192.168.240.0/20'],
    ['255.255.255.0/24', 26, 4, '255.255.255.0/26', '255.255.255.192/26'],
    ['10.0.0.0/24', 24, 1, '10.0.0.0/24', '10.0.0.0/24'],
    ['fd00:10:244::/48', 64, 65_536, 'fd00:10:244::/64', 'fd00:10:244:ffff::/64'],
    ['fd00::7:0:0/120', 124, 16, 'fd00::7:0:0/124', 'fd00::7:0:f0/124'],
  ];
  for (const [cidr, bits, count, first, last] of cases) {
    const blocks = blocksOf(cidr, bits);
    assert.deepEqual([blocks.count, blocks.block(0), blocks.block(blocks.count - 1)], [count, first, last]);
  }
});

test('blocksOf() says what is wrong with a range', () => {
  for (const [cidr, bits] of [
    ['10.0.0.0', 24],
    ['10.0.0.0/25', 24],
    ['10.0.0.256/16', 24],
    ['fd00::/47', 64],
    ['fd00::/64', 129],
    ['10.0.0.0/16', 33],
  ] as const) {
    assert.throws(() => blocksOf(cidr, bits), /^Error: Cannot divide .* into blocks of/);
  }
});

test('overlap() finds the blocks that have an address of a range', () => {
  const blocks = blocksOf('10.244.0.0/16', 24);
  for (const [cidr, place] of [
    ['10.244.7.0/24', [7, 7]],
    ['10.244.6.0/23', [6, 7]],
    ['10.244.7.128/25', [7, 7]],
    ['10.0.0.0/8', [0, 255]],
    ['10.245.0.0/24', undefined],
    ['10.243.255.0/24', undefined],
    ['fd00::/64', undefined],
    ['nonsense', undefined],
  ] as const)
    assert.deepEqual(blocks.overlap(cidr), place, cidr);
  assert.deepEqual(blocksOf('fd00:10:244::/48', 64).overlap('fd00:10:244:0102::/64'), [0x102, 0x102]);
});
