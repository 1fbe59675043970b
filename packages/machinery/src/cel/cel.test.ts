import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Budget } from './step.ts';
import { compileCel } from './cel.ts';
import { jsonPatchFunctions } from './functions/json-patch.ts';
import { CelSyntaxError } from './issues.ts';
import { dyn, int, object as objectType } from './types.ts';
import { writeJson } from '../json-text.ts';
import { CelError, toJson } from './values.ts';

const object = {
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web', 'example.com/tier': 'front' } },
  spec: {
    replicas: 3,
    ratio: 0.5,
    paused: false,
    'x-y': 1,
    containers: [
      { name: 'a', image: 'registry/a:1' },
      { name: 'b', image: 'b' },
    ],
    nothing: null,
  },
  status: {},
};
const run = (source: string): unknown =>
  compileCel(source, {
    variables: { object: dyn, oldObject: dyn },
    functions: jsonPatchFunctions,
    objectType: (name) => (/^Object(?:\.|$)/.test(name) ? objectType(name, () => dyn) : undefined),
  }).evaluate({ object, oldObject: null });

for (const [source, value] of [
  ['1 + 2 * 3 == 7 && !(1 > 2)', true],
  ['10 / 3', 3],
  ['-7 % 3', -1],
  ['7.0 / 2.0', 3.5],
  ['0x10 + 1', 17],
  ['1u + 2u', 3],
  ['-9223372036854775808', -9223372036854775808n],
  ['"a" + \'b\' + r"\\n" + """c"""', 'ab\\nc'],
  ['"\\u00fc\\n\\"" ', 'ü\n"'],
  ['b"ab" == b"\\x61b"', true],
  ['true ? 1 : 2', 1],
  ['false || true ? "a" : "b"', 'a'],
  ['dyn(1) == 1.0 && dyn(1u) == 1', true],
  ['"a" < "b" && 1 < 2.5 && false < true', true],
  ['[1, 2] == [1, 2] && {"a": 1} == {"a": 1}', true],
  ['1 in [1, 2] && "app" in object.metadata.labels', true],
  ['1 / 0 in []', false],
  ['object.spec.replicas', 3],
  ['object.spec.replicas > 2 && object.spec.ratio == 0.5', true],
  ['object.metadata.labels["example.com/tier"]', 'front'],
  ['object.spec["x-y"]', 1],
  ['object.metadata.namespace', 'default'],
  ['has(object.spec.replicas) && !has(object.spec.absent)', true],
  ['object.spec.nothing == null && oldObject == null', true],
  ['object.spec.containers[1].name', 'b'],
  ['size(object.spec.containers) == 2 && object.spec.containers.size() == 2 && size("äb") == 2', true],
  ['object.spec.containers.all(c, c.name != "")', true],
  ['object.spec.containers.exists(c, c.image.startsWith("registry/"))', true],
  ['object.spec.containers.exists_one(c, c.name == "a")', true],
  ['object.spec.containers.map(c, c.name)', ['a', 'b']],
  ['object.spec.containers.map(c, c.name == "b", c.image)', ['b']],
  ['object.spec.containers.filter(c, c.name == "a").size()', 1],
  ['object.metadata.labels.exists(k, k == "app")', true],
  ['object.metadata.labels.all(k, v, v != "")', true],
  ['[3, 4].exists(i, v, i == 1 && v == 4)', true],
  [
    '[1, 2].map(x, [10, 20].map(y, x * y))',
    [
      [10, 20],
      [20, 40],
    ],
  ],
  ['object.absent.x == 1 || true', true],
  ['true || object.absent.x == 1', true],
  ['[0, 1].exists(x, 1 / x == 1)', true],
  ['object.?spec.?absent.orValue(7)', 7],
  ['object.?spec.?replicas.orValue(7)', 3],
  ['object.spec[?"replicas"].hasValue()', true],
  ['[?object.?x, dyn(1)]', [1]],
  ['{?"a": object.?x, "b": dyn(1)}', { b: 1 }],
  ['optional.none().or(optional.of(2)).value()', 2],
  ['type(1) == int && type("a") == string && type(object) == map', true],
  ['int("12") + int(3.9) == 15 && string(12) == "12" && double("1.5") == 1.5', true],
  ['timestamp("2026-01-01T00:00:00Z") + duration("1h") == timestamp("2026-01-01T01:00:00Z")', true],
  ['timestamp("2026-02-03T04:05:06Z").getMonth()', 1],
  ['duration("90m").getHours()', 1],
  ['"a,b,c".split(",").join("-")', 'a-b-c'],
  ['"Hello".lowerAscii() + "x".upperAscii()', 'helloX'],
  ['"hello".substring(1, 3)', 'el'],
  ['"aXbX".replace("X", "-", 1)', 'a-bX'],
  ['"tacocat".indexOf("c")', 2],
  ['" a ".trim().charAt(0)', 'a'],
  ['"%s has %d (%.1f)".format(["a", 2, 1.25])', 'a has 2 (1.2)'],
  ['"abc123".matches("^[a-z]+[0-9]+$") && "xay".matches("a")', true],
  ['"a1b22".findAll("[0-9]+")', ['1', '22']],
  ['[3, 1, 2].max() - [3, 1, 2].min() + [1, 2].sum()', 5],
  ['![2, 1].isSorted() && [1, 1].isSorted()', true],
  ['sets.contains([1, 2, 3], [1, 3]) && !sets.intersects([1], [2])', true],
  [
    'quantity("1Gi").isGreaterThan(quantity("1000Mi")) && quantity("500m").add(quantity("500m")) == quantity("1")',
    true,
  ],
  ['quantity("1.5").isInteger() || isQuantity("x")', false],
  ['quantity("1Ki") == null || null == ip("::1") || [url("http://a/")] == [null]', false],
  ['// a comment\n1', 1],
  ['[1.0, 2.0].map(x, x * 2.0).sum() / 4.0', 1.5],
  ['{"a": 1.0}.a + 1.5', 2.5],
  ['([1.0] + [2.0])[1] * 1.5', 3],
  ['jsonpatch.escapeKey("a/b~c")', 'a~1b~0c'],
  ['Object{spec: Object.spec{replicas: 3}}', { spec: { replicas: 3 } }],
] as const) {
  test(`${source} is ${writeJson(value)}`, () => assert.deepEqual(toJson(run(source)), value));
}

for (const [source, message] of [
  ['1 +', /^ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting .*\n \| 1 \+\n \| \.\.\.\^$/],
  ['nobody', /^ERROR: <input>:1:1: undeclared reference to 'nobody' \(in container ''\)\n \| nobody\n \| \^$/],
  ['nothing(1)', /undeclared reference to 'nothing'/],
  ['has(object)', /invalid argument to has\(\) macro/],
  ['[1, 2].all(x.y, true)', /argument must be a simple name/],
  ['let', /reserved identifier/],
  ['"a', /token recognition error/],
  ['9223372036854775808', /invalid int literal/],
  [`${'('.repeat(1000)}1${')'.repeat(1000)}`, /recursion limit exceeded/],
  [`n${'.x'.repeat(1000)}`, /recursion limit exceeded/],
  [`n${' + n'.repeat(1000)}`, /recursion limit exceeded/],
  ['[1].all(x, y)', /undeclared reference to 'y'/],
  ['1 = 2', /token recognition error at: .=/],
  ['1 + "a"', /:3: found no matching overload for '_\+_' applied to '\(int, string\)'/],
  ['1 && true', /:1: expected type 'bool' but found 'int'/],
  ['"a".startsWith()', /:15: found no matching overload for 'startsWith' applied to 'string.\(\)'/],
  ['n.x', /:2: type 'int' does not support field selection/],
  ['[1, "a"]', /:5: expected type 'int' but found 'string'/],
  ['"ü" + n', /\n \| "ü" \+ n\n \| \.\uff0e\.\.\^$/],
  ['n +\n n + "a"', /:2:4: found no matching overload/],
  ['"a".matches("(a")', /invalid matches argument/],
  ['duration("x")', /invalid duration argument/],
  ['duration(null)', /invalid duration argument/],
  ['"%d".format(["a"])', /decimal clause can only be used on integers, was given string/],
] as const) {
  test(`compileCel() refuses ${source.slice(0, 30)}`, () => {
    assert.throws(
      () => compileCel(source, { variables: { object: dyn, n: int } }),
      (error) => error instanceof CelSyntaxError && message.test(error.message),
    );
  });
}

for (const [source, message] of [
  ['object.absent', /^no such key: absent$/],
  ['object.spec.containers[5]', /^index out of bounds: 5$/],
  ['1 / 0', /^division by zero$/],
  ['object.spec.replicas + "a"', /^no such overload$/],
  ['object.spec.replicas && true', /^no such overload$/],
  ['9223372036854775807 + 1', /^integer overflow$/],
  ['object.spec.replicas.x', /^no such key: x$/],
  ['int("x")', /conversion error/],
  ['"a".matches(object.metadata.name + "(a")', /error parsing regexp/],
  ['[1, 2].all(x, x / 0 == 1)', /^division by zero$/],
  ['optional.none().value()', /optional.none\(\) dereference/],
] as const) {
  test(`${source} fails: ${message.source}`, () => {
    assert.throws(
      () => run(source),
      (error) => error instanceof CelError && message.test(error.message),
    );
  });
}

test('an evaluation ends when its budget does, whatever would absorb an error', () => {
  const many = `[${Array.from({ length: 100 }, (_, i) => i).join(', ')}]`;
  const source = `${many}.all(a, ${many}.all(b, ${many}.all(c, ${many}.all(d, true)))) || true`;
  assert.throws(() => run(source), /cost limit exceeded/);
  assert.throws(
    () => compileCel('[1, 2, 3].map(x, x)', { variables: {} }).evaluate({}, new Budget(5)),
    /cost limit exceeded/,
  );
});

test('a variable that is a function is asked for once, and only when it is wanted', () => {
  let asked = 0;
  const lazy = (): number => ++asked;
  assert.equal(compileCel('true || lazy > 0', { variables: { lazy: int } }).evaluate({ lazy }), true);
  assert.equal(compileCel('lazy + lazy', { variables: { lazy: int } }).evaluate({ lazy }), 2n);
});

test('nothing of the host shows: prototypes, constructors, methods', () => {
  for (const source of [
    'object.constructor',
    'object.__proto__',
    'object.metadata.labels.hasOwnProperty',
    'dyn("a").length',
    'dyn([1]).length',
  ])
    assert.throws(() => run(source), CelError);
});

test('any text is an expression or a CelSyntaxError, and any expression a value or a CelError', () => {
  const word = fc.constantFrom(
    'object',
    '.',
    'spec',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '?',
    ':',
    '+',
    '-',
    '!',
    '&&',
    '||',
    '==',
    '<',
    'in',
    '1',
    '"a"',
    ',',
    'size',
    '.all(',
    'x',
    'has(',
    'true',
    '.?',
    '1.5',
    '\n',
    '`',
    '\\',
    'b"',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      try {
        run(words.join(''));
      } catch (error) {
        assert.ok(error instanceof CelSyntaxError || error instanceof CelError, String((error as Error).stack));
      }
    }),
    { numRuns: 2000 },
  );
});
