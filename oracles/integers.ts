import fc from 'fast-check';
import { type Integer, integerOf } from '@navarch/machinery';

/** Integers of 64 bits, most of them beyond what a double holds. */
export const longIntegers: fc.Arbitrary<Integer> = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)),
  )
  .map((value) => integerOf(value) as Integer);
