import fc from 'fast-check';
import { parseYaml } from '@navarch/node/yaml';
import { formatYaml } from '../../packages/apiserver/src/representation/format-yaml.ts';
import { attempt, type Answer, type Case, errorsAlike, type Known } from '../case.ts';
import { readJson, writeJson } from '@navarch/machinery';
import { longIntegers } from '../integers.ts';

/** Scalars that readers of YAML take for different things. */
const ODD = `
0 -0 +0 1 -1 +1 01 010 -010 +010 07 08 089 0o7 0o17 0O17 0o8 -0o7 0x1f 0X1F 0x -0xA +0xA 0b1 0b101 0B11 -0b1 +0b1 0b2 0b 0b-1 0b+1 1_000 _1 1_ 1__0 0x_1 0_7 1_000.5 1e3 1E3 1e+3 1e-3 1.e3 1. .5 .5e3 -.5 +.5 . .. ... .e5 1e 1e999 -1e999 1.5.2
9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616 -9223372036854775808 -9223372036854775809 123456789012345678901234567890 0xFFFFFFFFFFFFFFFF 0x10000000000000000
.inf .Inf .INF +.inf -.inf -.INF .iNf .nan .NaN .NAN .Nan inf NaN
~ null Null NULL nUll nil y Y yes Yes YES yEs n N no No NO on On ON off Off OFF true True TRUE tRue false False FALSE t f T F
2001-01-01 2001-1-1 2001-01-01T01:02:03Z 2001-01-01t01:02:03Z 2001-01-01T01:02:03+01:00 2001-01-01T01:02:03.123456789Z 2001-13-01 2001-01-01T 20010101 2001 2001- 12:30 12:30:45 1:2 190:20:30
- -- + +- -a +a 1a a1 1.0 1.50 100000 1000000 1234567.5 0.1 0.00001 1e20 1e21 1e6 1e-7 3.4028236e38 <<= = << 1,000 1;2 é ünï 日本 a.b/c`
  .trim()
  .split(/\s+/);
const TAGS = [
  '',
  '',
  '',
  '',
  '',
  '',
  '!!str ',
  '!!int ',
  '!!float ',
  '!!bool ',
  '!!null ',
  '!!timestamp ',
  '!!binary ',
  '! ',
  '!foo ',
  '!<tag:yaml.org,2002:int> ',
];

const odd = fc.constantFrom(...ODD);
const word = fc.constantFrom('a', 'b', 'c', 'x y', 'key', '1', 'true', '0x1', '1.5', 'yes', '~', '<<');
const quoted = fc.oneof(odd, word).chain((text) => fc.constantFrom(writeJson(text), `'${text.replaceAll("'", "''")}'`));
const scalar = fc
  .tuple(
    fc.constantFrom(...TAGS),
    fc.oneof(
      { weight: 4, arbitrary: odd },
      { weight: 2, arbitrary: word },
      { weight: 2, arbitrary: quoted },
      { weight: 1, arbitrary: fc.constant('') },
    ),
  )
  .map((parts) => parts.join(''));
const anchored = (inner: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom('', '', '', '', '&a ', '&b '), inner).map((parts) => parts.join(''));
const alias = fc.constantFrom('*a', '*b', '*a', '*c');

const { flow } = fc.letrec<{ flow: string }>((tie) => ({
  flow: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: anchored(scalar) },
    { weight: 1, arbitrary: alias },
    { weight: 2, arbitrary: anchored(fc.array(tie('flow'), { maxLength: 4 }).map((items) => `[${items.join(', ')}]`)) },
    {
      weight: 3,
      arbitrary: anchored(
        fc
          .array(fc.tuple(fc.oneof(word, quoted, odd), tie('flow')), { maxLength: 4 })
          .map((entries) => `{${entries.map(([key, value]) => `${key}: ${value}`).join(', ')}}`),
      ),
    },
  ),
}));

const indented = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? line : by + line))
    .join('\n');
const blockText = fc
  .tuple(
    fc.constantFrom('|', '>', '|-', '>-', '|+', '>+', '|2', '>1-'),
    fc.array(fc.constantFrom('one', '  two', '', '# no comment', 'a: b', '\ttab'), { minLength: 1, maxLength: 5 }),
  )
  .map(([style, lines]) => `${style}\n${indented(lines.join('\n'), '  ')}`);

/** Documents of blocks, as people write them. */
const { block } = fc.letrec<{ block: string }>((tie) => ({
  block: fc.oneof(
    { maxDepth: 3 },
    { weight: 2, arbitrary: flow },
    {
      weight: 4,
      arbitrary: fc
        .array(
          fc.tuple(
            fc.oneof({ weight: 4, arbitrary: word }, { weight: 1, arbitrary: odd }, { weight: 1, arbitrary: quoted }),
            fc.constantFrom('', '', ' # comment', ' &a', ' !!map'),
            fc.oneof(tie('block'), flow, blockText),
          ),
          { minLength: 1, maxLength: 4 },
        )
        .map((entries) =>
          entries
            .map(([key, mark, value]) =>
              /^[|>]/.test(value) || !value.includes('\n')
                ? `${key}: ${value}`
                : `${key}:${mark}\n${indented(value, '  ')}`,
            )
            .join('\n'),
        ),
    },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.oneof(tie('block'), flow), { minLength: 1, maxLength: 4 })
        .map((items) => items.map((item) => `- ${indented(item, '  ').trimStart()}`).join('\n')),
    },
  ),
}));

const document = fc
  .tuple(
    fc.constantFrom('', '', '', '---\n', '# about\n', '%YAML 1.1\n---\n', '\n\n', '--- '),
    block,
    fc.constantFrom('', '\n', '\n', '\n---\nmore: 1\n', '\n...\n', '\n# end'),
  )
  .map((parts) => parts.join(''));
const garbage = fc.stringMatching(/^[-a-c:[\]{},"'&*!|>#?%@` \n\t0-2~.]{0,30}$/);
interface Source {
  readonly text: string;
  readonly sort: 'document' | 'garbage';
}
const good = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('', 'a: ', '- ', 'a:\n- b: '), scalar).map((parts) => parts.join('')),
  },
  { weight: 2, arbitrary: document },
);
const source: fc.Arbitrary<Source> = fc.oneof(
  { weight: 9, arbitrary: good.map((text): Source => ({ text, sort: 'document' })) },
  { weight: 1, arbitrary: garbage.map((text): Source => ({ text, sort: 'garbage' })) },
);

const alike = (answer: Answer): Answer => ('error' in answer ? errorsAlike(answer) : answer);

// Without what upstream reads otherwise as it is in JSON than as it was: its writer begins with reading that as YAML.
const broken = fc.constantFrom('\n', '\n\n', ' \n', '\n ', 'a\nb', 'a\n\nb\n', '\r\n', '\t');
const sign = fc.constantFrom(
  ...'#,[]{}&*!|>\'"%@`?:-. ~<=\\/'.split(''),
  ': ',
  ' #',
  '- ',
  '? ',
  ':',
  '---',
  '...',
  '\u00a0',
  '\ufeff',
  '\u{1f600}',
  'é',
  '\u0000',
  'f:',
  'k:{}',
);
const long = fc
  .array(fc.constantFrom('word', 'a', 'longer-word', '', 'é', "it's", '"'), { minLength: 15, maxLength: 40 })
  .map((words) => words.join(' '));
const written = fc.oneof(
  { weight: 3, arbitrary: odd },
  { weight: 2, arbitrary: word },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.oneof(odd, word, sign, sign, broken), { maxLength: 6 })
      .map((parts) => parts.join(''))
      .filter((text) => !text.startsWith('\ufeff')),
  },
  { weight: 1, arbitrary: long },
);
const key = fc.oneof(
  written,
  fc.constantFrom(
    'a',
    'b',
    'a1',
    'a2',
    'a10',
    'a02',
    'b0',
    'f:a',
    'k:{"a":1}',
    '.',
    'x'.repeat(129),
    'Z',
    'A',
    '10',
    '9',
    'é',
  ),
);
const leaf = fc.oneof(
  { weight: 4, arbitrary: written },
  fc.integer(),
  longIntegers,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    1e6,
    123456.5,
    1234567.5,
    1e20,
    1e21,
    1e-5,
    0.0001,
    100000,
    -0,
    9007199254740991,
  ),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie('tree'), { maxLength: 3 }) },
    {
      weight: 3,
      arbitrary: fc.dictionary(
        key.filter((name) => name !== '__proto__'),
        tie('tree'),
        { maxKeys: 4 },
      ),
    },
  ),
}));

/** What is read from YAML: the words of what cannot be read are ours; those about keys that come again are upstream's. */
export const yamlCases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  readYaml: source.map(({ text, sort }): Case => ({
    request: { op: 'fromYaml', text, sort },
    ours: () => alike(attempt(() => readJson(writeJson(parseYaml(text))) as unknown)),
    theirs: alike,
  })),
  writeYaml: tree.map((value): Case => ({
    request: { op: 'toYaml', target: value },
    ours: () => attempt(() => formatYaml(value)),
  })),
  repeatedKeys: source.map(({ text, sort }): Case => ({
    request: { op: 'yamlStrict', text, sort },
    ours: () =>
      alike(
        attempt(() => {
          const told: string[] = [];
          parseYaml(text, (key, line) => told.push(`  line ${line}: key ${key} already set in map`));
          return told.length === 0 ? '' : `yaml: unmarshal errors:\n${told.join('\n')}`;
        }),
      ),
    theirs: alike,
  })),
};

const differs: readonly Known[] = [
  {
    why: 'what is no YAML: the two parsers find different mistakes in it, and upstream reads no further than the first document',
    is: (request) => (request as Source).sort === 'garbage',
  },
  {
    why: 'a binary that is no UTF-8: upstream has a mark for each byte, we for each broken character',
    is: (request, theirs) => (request as Source).text.includes('!!binary') && writeJson(theirs).includes('\ufffd'),
  },
  {
    why: 'a dash alone in a list of one line, which YAML 1.2 has not',
    is: (request, _theirs, ours) => 'error' in ours && /[ :[{,]-\s*[,\]}]/.test((request as Source).text),
  },
  {
    why: 'a number or a key that JSON has not, within a value whose key comes again',
    is: (request, _theirs, ours) =>
      'error' in ours &&
      /\.(?:inf|nan)|~ ?:|null ?:|\n *:|: \{:/i.test((request as Source).text) &&
      /<<|yes|true|[01]/.test((request as Source).text),
  },
];

export const yamlKnown: Readonly<Record<string, readonly Known[]>> = { readYaml: differs, repeatedKeys: differs };
