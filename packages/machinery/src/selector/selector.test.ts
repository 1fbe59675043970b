import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseFieldSelector } from './field-selector.ts';
import { compileLabelSelector, formatSelector, selectorFromMap } from './label-selector.ts';
import { parseLabelSelector } from './parse-label-selector.ts';

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}

test('parseLabelSelector() matches what each operator says', () => {
  const labels = { a: '1', b: 'x', empty: '' };
  const table: Readonly<Record<string, boolean>> = {
    '': true,
    'a=1': true,
    'a==2': false,
    'a!=2': true,
    'absent!=2': true,
    'a in (1,2)': true,
    'a notin (1,2)': false,
    'absent notin (1)': true,
    'absent in (1)': false,
    a: true,
    '!a': false,
    '!absent': true,
    'a>0': true,
    'a<1': false,
    'b>0': false,
    'empty=': true,
    'empty in (,x)': true,
    'empty in ()': true,
    'a in ()': false,
    'a=1,b=y': false,
    toString: false,
  };
  for (const [text, matches] of Object.entries(table))
    assert.equal(parseLabelSelector(text).matches(labels), matches, text);
});

test('parseLabelSelector() says what it found and what it expected', () => {
  const table: Readonly<Record<string, string>> = {
    'a=1,': "found '', expected: identifier after ','",
    'a b': "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    'a in 1': "unable to parse requirement: found '1' expected: '('",
    'a in (1': "unable to parse requirement: found '', expected: ',' or ')'",
    '=a': "found '=', expected: !, identifier, or 'end of string'",
    'a>x':
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
  };
  for (const [text, message] of Object.entries(table))
    assert.equal(
      messageOf(() => parseLabelSelector(text)),
      message,
    );
  assert.match(
    messageOf(() => parseLabelSelector('a=_')),
    /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "_": a valid label must be/,
  );
});

test('formatSelector() gives texts back as they were written, keys sorted', () => {
  for (const text of ['a=1', 'a==1', 'a!=1', 'a in (x,y)', 'a notin (x)', 'a', '!a', 'a>1', 'a=1,b=2'])
    assert.equal(formatSelector(parseLabelSelector(text)), text);
  assert.equal(formatSelector(selectorFromMap({ b: '2', a: '1' })), 'a=1,b=2');
});

test('compileLabelSelector() of nothing matches nothing, of an empty selector everything', () => {
  assert.deepEqual(
    [compileLabelSelector(undefined).matches({}), compileLabelSelector({}).matches(undefined)],
    [false, true],
  );
});

const word = fc.constantFrom('a', 'b', 'c');
const requirement = fc.record({
  key: word,
  operator: fc.constantFrom('In', 'NotIn'),
  values: fc.uniqueArray(word, { minLength: 1 }),
});

test('a compiled selector and its text match alike', () => {
  fc.assert(
    fc.property(
      fc.dictionary(word, word),
      fc.array(requirement, { maxLength: 3 }),
      fc.dictionary(word, word),
      (matchLabels, matchExpressions, labels) => {
        const compiled = compileLabelSelector({ matchLabels, matchExpressions });
        assert.equal(parseLabelSelector(formatSelector(compiled)).matches(labels), compiled.matches(labels));
      },
    ),
  );
});

test('parseFieldSelector() unescapes values and refuses what is not escaped', () => {
  assert.deepEqual(parseFieldSelector('b!=x,a=1\\,2\\=3\\\\'), [
    { field: 'a', isEqual: true, value: '1,2=3\\' },
    { field: 'b', isEqual: false, value: 'x' },
  ]);
  assert.deepEqual(parseFieldSelector('=,!='), []);
  assert.equal(
    messageOf(() => parseFieldSelector('a')),
    "invalid selector: 'a'; can't understand 'a'",
  );
  assert.equal(
    messageOf(() => parseFieldSelector('a=b=c')),
    'invalid field selector: unescaped character in value: 61',
  );
  assert.equal(
    messageOf(() => parseFieldSelector('a=\\x')),
    'invalid field selector: invalid escape sequence: \\x',
  );
});
