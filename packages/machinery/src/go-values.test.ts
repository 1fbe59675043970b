import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownAsGo } from './go-values.ts';

test('shownAsGo() shows values as Go prints them: floats with an exponent from a million on', () => {
  assert.equal(
    shownAsGo({ b: [1.5, 1234567.5, 0.00001, 2 ** 63], a: { n: 1_000_000, t: 'x', z: null } }),
    'map[a:map[n:1000000 t:x z:<nil>] b:[1.5 1.2345675e+06 1e-05 9.223372036854776e+18]]',
  );
});
