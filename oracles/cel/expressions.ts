import { addresses } from './table/addresses.ts';
import { conversions } from './table/conversions.ts';
import { declared } from './table/declared.ts';
import { lists } from './table/lists.ts';
import { macros } from './table/macros.ts';
import { members } from './table/members.ts';
import { operators } from './table/operators.ts';
import { optionals } from './table/optionals.ts';
import { quantities } from './table/quantities.ts';
import { syntax } from './table/syntax.ts';
import { text } from './table/text.ts';

/** Values that expressions of the table may use. */
export const variables = {
  object: 'dyn',
  n: 'int',
  u: 'uint',
  d: 'double',
  s: 'string',
  b: 'bool',
  ints: 'list(int)',
  texts: 'list(string)',
  counts: 'map(string, int)',
  any: 'dyn',
  maybe: 'list(dyn)',
} as const;

export const values = {
  object: {
    metadata: { name: 'web', labels: { app: 'web', 'example.com/tier': 'front' } },
    spec: {
      replicas: 3,
      ratio: 0.5,
      paused: false,
      'x-y': 1,
      containers: [
        { name: 'a', image: 'r/a:1' },
        { name: 'b', image: 'b' },
      ],
      nothing: null,
    },
  },
  n: 7,
  d: 2.5,
  s: 'hello',
  b: true,
  ints: [3, 1, 2],
  texts: ['b', 'a', 'ü'],
  counts: { a: 1, b: 2 },
  any: { a: [1, 'x', 2.5] },
  maybe: [1, 'a', 1.5, true, null],
};

/** The table: what is right and what is wrong, of every operator, macro and function. */
export const expressions: readonly string[] = [
  ...operators,
  ...members,
  ...conversions,
  ...macros,
  ...optionals,
  ...text,
  ...lists,
  ...addresses,
  ...quantities,
  ...syntax,
  ...declared,
];
