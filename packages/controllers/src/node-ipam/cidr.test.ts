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
