import fc from 'fast-check';
import { decodeCbor, encodeCborItem, readJson, writeJson } from '@navarch/machinery';
import { attempt, type Answer, type Case, errorsAlike, type Known } from '../case.ts';
import { longIntegers } from '../integers.ts';

const number = fc.oneof(
  fc.integer(),
  longIntegers,
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.nat({ max: 300 }),
  fc.constantFrom(
    0,
    -1,
    23,
    24,
    255,
    256,
    65_535,
    65_536,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    -(2 ** 53),
    2 ** 63,
    -(2 ** 63),
    1e20,
    1.5,
    0.1,
    65_504,
    65_520,
    2 ** -24,
    2 ** -25,
    5.960464477539063e-8,
    3.4028234663852886e38,
    1e300,
  ),
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    {
      weight: 3,
      arbitrary: fc.oneof(number, fc.string(), fc.string({ unit: 'grapheme' }), fc.boolean(), fc.constant(null)),
    },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 5 }) },
    {
      weight: 2,
      arbitrary: fc.dictionary(
        fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('a', 'b', 'aa', 'ab', 'metadata', 'ä')),
        tie('value'),
        { maxKeys: 6 },
      ),
    },
  ),
})).value;

type Bytes = readonly number[];
/** A major type with its argument, in some of the lengths it can have. */
const head = (major: number, value: number): fc.Arbitrary<Bytes> =>
  fc.constantFrom<Bytes>(
    ...(value < 24 ? [[(major << 5) | value]] : []),
    ...(value < 256 ? [[(major << 5) | 24, value]] : []),
    [(major << 5) | 25, value >>> 8, value & 0xff],
    [(major << 5) | 26, 0, 0, value >>> 8, value & 0xff],
    [(major << 5) | 27, 0, 0, 0, 0, 0, 0, value >>> 8, value & 0xff],
  );
const joined = (parts: readonly Bytes[]): Bytes => parts.flat();
const small = fc.oneof(fc.nat({ max: 30 }), fc.constantFrom(255, 256, 1000));
const textBytes = fc.constantFrom<Bytes>(
  [],
  [0x61],
  [0x61, 0x62],
  [0xc3, 0xa4],
  [0x61, 0x3d],
  Array.from('2026-01-02T03:04:05Z', (c) => c.charCodeAt(0)),
);
const texts = fc
  .tuple(fc.constantFrom(2, 2, 3), textBytes)
  .chain(([major, bytes]) => head(major, bytes.length).map((first) => [...first, ...bytes]));
const chunked = fc
  .tuple(fc.constantFrom(2, 3), fc.array(textBytes, { maxLength: 3 }))
  .chain(([major, chunks]) =>
    fc
      .tuple(...chunks.map((bytes) => head(major, bytes.length).map((first): Bytes => [...first, ...bytes])))
      .map((parts): Bytes => [(major << 5) | 31, ...joined(parts), 0xff]),
  );
const simple = fc.constantFrom<Bytes>(
  [0xf4],
  [0xf5],
  [0xf6],
  [0xf7],
  [0xf8, 0x20],
  [0xf9, 0x3c, 0],
  [0xf9, 0x7c, 0],
  [0xf9, 0x7e, 0],
  [0xf9, 0, 1],
  [0xfa, 0x3f, 0x80, 0, 0],
  [0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a],
  [0xe0],
  [0xff],
);
const large = fc.constantFrom<Bytes>(
  [0x1b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0],
  [0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0],
  [0x1c],
  [0xc2, 0x41, 1],
  [0xc3, 0x41, 1],
);
const { item } = fc.letrec<{ item: Bytes }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: texts },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(0, 1), small).chain(([major, value]) => head(major, value)) },
    { weight: 1, arbitrary: chunked },
    { weight: 2, arbitrary: simple },
    { weight: 1, arbitrary: large },
    {
      weight: 3,
      arbitrary: fc
        .array(tie('item'), { maxLength: 4 })
        .chain((items) => head(4, items.length).map((first) => [...first, ...joined(items)])),
    },
    {
      weight: 4,
      arbitrary: fc
        .array(
          fc.tuple(fc.oneof({ weight: 20, arbitrary: texts }, { weight: 1, arbitrary: tie('item') }), tie('item')),
          { maxLength: 4 },
        )
        .chain((pairs) => head(5, pairs.length).map((first) => [...first, ...joined(pairs.flat())])),
    },
    { weight: 1, arbitrary: fc.array(tie('item'), { maxLength: 4 }).map((items) => [0x9f, ...joined(items), 0xff]) },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.tuple(texts, tie('item')), { maxLength: 3 })
        .map((pairs) => [0xbf, ...joined(pairs.flat()), 0xff]),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(0, 21, 22, 23, 24, 30, 255, 55_799), tie('item'))
        .chain(([tag, inner]) => head(6, tag).map((first) => [...first, ...inner])),
    },
  ),
}));
const broken = fc
  .tuple(item, fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('cut', 'change', 'add'))
  .map(([bytes, at, byte, how]): Bytes => {
    const place = at % (bytes.length + 1);
    return how === 'cut'
      ? bytes.slice(0, place)
      : how === 'add'
        ? [...bytes, byte]
        : bytes.map((old, i) => (i === place ? byte : old));
  });

const base64 = (bytes: ArrayLike<number>): string => Buffer.from(Uint8Array.from(bytes)).toString('base64');
const alike = (answer: Answer): Answer => ('error' in answer ? errorsAlike(answer) : answer);

/** CBOR as k8s.io/apimachinery writes and reads it. */
export const cborCases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  toCbor: json.map((value): Case => {
    const target = readJson(writeJson(value)) as unknown;
    return { request: { op: 'toCbor', target }, ours: () => attempt(() => base64(encodeCborItem(target))) };
  }),
  fromCbor: fc.oneof({ weight: 4, arbitrary: item }, { weight: 1, arbitrary: broken }).map((bytes): Case => ({
    request: { op: 'fromCbor', bytes: base64(bytes) },
    ours: () => alike(attempt(() => decodeCbor(Uint8Array.from(bytes)))),
    theirs: alike,
  })),
};

export const cborKnown: Readonly<Record<string, readonly Known[]>> = {
  fromCbor: [
    {
      why: 'a byte string that is no UTF-8: upstream has a mark for each byte, we for each broken character',
      is: (_request, theirs) => writeJson(theirs).includes('\ufffd'),
    },
  ],
};
