import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityMilliValue,
  quantityValue,
  subtractQuantities,
} from './quantity.ts';

test('canonicalQuantity() prints the largest suffix that leaves no fraction', () => {
  const table: Readonly<Record<string, string | undefined>> = {
    0: '0',
    '0.0Gi': '0',
    1: '1',
    '1.0': '1',
    '0.5': '500m',
    '1000m': '1',
    '1500m': '1500m',
    1000: '1k',
    '123000': '123k',
    '1e3': '1e3',
    '1.5e3': '1500',
    '1024Mi': '1Gi',
    '1.5Gi': '1536Mi',
    '1000Ki': '1000Ki',
    '0.5Ki': '512',
    '0.1n': '1n',
    '-1.1n': '-2n',
    '.5': '500m',
    '5.': '5.',
    '100u': '100u',
    '8Ei': '9223372036854775807',
    '1Z': undefined,
    '': undefined,
    '1 Gi': undefined,
    '1e': undefined,
    '--1': undefined,
    '1.2.3': undefined,
  };
  for (const [text, canonical] of Object.entries(table)) assert.equal(canonicalQuantity(text), canonical, text);
  assert.equal(canonicalQuantity(0.25), '250m');
});

test('canonicalQuantity() keeps as written what upstream takes for canonical, and reads no digits as none', () => {
  const table: Readonly<Record<string, string>> = {
    '9.788971109k': '9.788971109k',
    '1.500k': '1.500k',
    '1.025k': '1.025k',
    '+1500m': '+1500m',
    '01025Ki': '01025Ki',
    '0.5': '500m',
    '1.5': '1500m',
    G: '0',
    '.Ki': '0',
    '-': '0',
  };
  for (const [text, canonical] of Object.entries(table)) assert.equal(canonicalQuantity(text), canonical, text);
});

test('quantityValue() and quantityMilliValue() round up', () => {
  assert.deepEqual(['100m', '1.1', '1Gi', '1n', undefined, 'x'].map(quantityValue), [1, 2, 2 ** 30, 1, 0, 0]);
  assert.deepEqual(['100m', '1.1', '1u', '2k'].map(quantityMilliValue), [100, 1100, 1, 2_000_000]);
});

const text = fc
  .tuple(
    fc.integer({ min: -100_000, max: 100_000 }),
    fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-3'),
  )
  .map(([n, suffix]) => `${n}${suffix}`);
const quantity = text.map((one) => parseQuantity(one) as Quantity);

test('formatQuantity() loses nothing, and its result is canonical', () => {
  fc.assert(
    fc.property(quantity, (q) => {
      const printed = formatQuantity(q);
      assert.equal(parseQuantity(printed)?.nano, q.nano);
      assert.equal(canonicalQuantity(printed), printed);
    }),
  );
});

test('sums, differences and order are those of the numbers', () => {
  fc.assert(
    fc.property(quantity, quantity, quantity, (a, b, c) => {
      assert.equal(addQuantities(addQuantities(a, b), c).nano, addQuantities(a, addQuantities(b, c)).nano);
      assert.equal(compareQuantities(subtractQuantities(addQuantities(a, b), b), a), 0);
      assert.equal(compareQuantities(a, b), -compareQuantities(b, a) + 0);
      assert.equal(compareQuantities(a, b) < 0, a.nano < b.nano);
    }),
  );
});

test('sums keep the format of what was there first, but for nothing', () => {
  const [one, gibi, zero] = ['1', '1Gi', '0'].map((each) => parseQuantity(each) as Quantity) as [
    Quantity,
    Quantity,
    Quantity,
  ];
  assert.deepEqual(
    [addQuantities(zero, gibi), addQuantities(gibi, one), addQuantities(one, gibi)].map(formatQuantity),
    ['1Gi', '1073741825', '1073741825'],
  );
});
