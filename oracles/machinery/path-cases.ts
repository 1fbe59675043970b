import fc from 'fast-check';
import { compileSimplePath, mergePatch, readJson, writeJson } from '@navarch/machinery';
import { formatYaml } from '../../packages/apiserver/src/representation/format-yaml.ts';
import { attempt, type Case, errorsAlike } from '../case.ts';
import { longIntegers } from '../integers.ts';

const word = fc.constantFrom('a', 'b', 'c', 'x.y');
const leaf = fc.oneof(
  fc.constantFrom('a', 'b', '', 'c d'),
  fc.integer({ min: -3, max: 9 }),
  longIntegers,
  fc.boolean(),
  fc.constant(1.5),
);

/** Any JSON. */
const json = (leaves: fc.Arbitrary<unknown>, names: fc.Arbitrary<string>): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaves,
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(names, tie('node'), { maxKeys: 3 }),
    ),
  }))['node'] as fc.Arbitrary<unknown>;
const object = (leaves: fc.Arbitrary<unknown>, names: fc.Arbitrary<string>): fc.Arbitrary<Record<string, unknown>> =>
  fc.dictionary(names, json(leaves, names), { maxKeys: 4 });

const step = fc.oneof(
  { weight: 5, arbitrary: word.map((name) => `.${name.replace('.', '\\.')}`) },
  { weight: 2, arbitrary: word.map((name) => `['${name}']`) },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 3 }).map((i) => `[${i}]`) },
  fc.constantFrom(
    '[*]',
    '.*',
    '[0:2]',
    '[:1]',
    '[1:]',
    '[-2:]',
    '[::2]',
    '[0,1]',
    "['a','b']",
    '..a',
    '..',
    '[]',
    '[x]',
  ),
  fc
    .tuple(
      fc.constantFrom('@.a', '@.b', '@', '@.c.a'),
      fc.constantFrom('==', '!=', '<', '<=', '>', '>='),
      fc.constantFrom('"a"', "'b'", '1', '1.5', 'true', '@.b'),
    )
    .map(([left, sign, right]) => `[?(${left}${sign}${right})]`),
  fc.constantFrom('[?(@.a)]', '[?(@.b.c)]'),
);
const path = fc
  .tuple(fc.constantFrom('', '$', '@'), fc.array(step, { minLength: 1, maxLength: 4 }))
  .map(([root, steps]) => root + steps.join(''));
const text = fc.oneof(
  fc.constantFrom(
    'true',
    'yes',
    'no',
    'on',
    'y',
    'n',
    '~',
    'null',
    '1',
    '1.5',
    '1e3',
    '0x1f',
    '0o7',
    '017',
    '1_000',
    '.5',
    '-',
    '- a',
    '-a',
    '?',
    '? a',
    ':',
    'a:',
    'a: b',
    'a:b',
    '#',
    'a #b',
    'a#b',
    '&a',
    '*a',
    '!a',
    '|',
    '>',
    '%a',
    '@a',
    '`a',
    '"a"',
    "'a'",
    '',
    ' ',
    ' a',
    'a ',
    'a\nb',
    'a\n',
    '\n',
    '\t',
    'a\tb',
    '2026-01-01',
    '2026-01-01T00:00:00Z',
    '12:30:45',
    '1:2',
    '<<',
    '=',
    'A=',
    '.inf',
    '.NaN',
    '---',
    '...',
    '{a}',
    '[a]',
    'a,b',
    'a]',
    'é',
    '\u0000',
    '\u007f',
    '\u0085',
    '\u2028',
    '😀',
    'a'.repeat(90),
    'word '.repeat(30),
    'a  b',
    'trailing:',
    '-1',
    '+1',
    '1.',
    'infinity',
    '0b1',
    '1:20:30.5',
    "it's",
    'say "x"',
    'a\\b',
    '\ufeffa',
  ),
  fc.stringMatching(/^[-a-c0-1:#{}[\],&*!|>'"%@`~?=.<_ \n]{0,6}$/),
);
// Upstream writes a key `<<` bare, as writeYaml holds us to, and then reads it as a merge.
const yamlKey = fc.oneof(fc.constantFrom('a', 'b'), text).filter((name) => name !== '<<');
const yamlValue = object(fc.oneof({ weight: 6, arbitrary: text }, leaf, fc.constant(null)), yamlKey);
/** JSON paths as kubectl has them, merge patches (RFC 7396), what we write as YAML. */
export const pathCases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  // As columns of custom resources use them: what cannot be found is nothing.
  jsonPath: fc.tuple(path, object(leaf, word)).map(([text, target]): Case => ({
    request: { op: 'jsonPath', text: `{${text}}`, target },
    ours: () => errorsAlike(attempt(() => compileSimplePath(text)(target))),
    theirs: errorsAlike,
  })),
  mergePatch: fc
    .tuple(object(leaf, word), object(fc.oneof(leaf, fc.constant(null)), word))
    .map(([target, patch]): Case => ({
      request: { op: 'mergePatch', target, patch },
      ours: () => attempt(() => mergePatch(target, patch)),
    })),
  // What we write, whatever its style, is read as what it was.
  formatYaml: yamlValue.map((target): Case => ({
    request: { op: 'fromYaml', text: formatYaml(readJson(writeJson(target))) },
    ours: () => ({ value: readJson(writeJson(target)) as unknown }),
  })),
};
