import fc from 'fast-check';

const of = (...parts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...parts);

/** Mostly of the type that is asked for, so that some are right. */
const LEAVES = {
  int: of('0', '1', '-3', '7', 'n', 'ints[0]', 'size(s)', 'object.spec.replicas', 'counts.a'),
  double: of('0.5', '-1.25', 'd', 'object.spec.ratio', '1e3'),
  text: of('""', '"a"', '"héllo"', 's', 'texts[0]', 'object.metadata.name', '"1.5"', '"12"', '"1h"', '"10.0.0.1"'),
  truth: of('true', 'false', 'b', 'object.spec.paused', 'has(object.metadata)', 'has(object.x)'),
  ints: of('[]', '[1, 2, 3]', 'ints', '[n]', 'lists.range(4)'),
  texts: of('[]', '["b", "a"]', 'texts', '"a,b".split(",")', 'object.spec.containers.map(c, c.name)'),
  map: of('{}', '{"a": 1}', 'counts', 'object.metadata.labels'),
  any: of(
    'null',
    'any',
    'maybe',
    'dyn(1)',
    'object',
    'object.?x',
    'optional.of(1)',
    '1u',
    'b"x"',
    'duration("1h")',
    'timestamp("2020-01-02T03:04:05Z")',
    'quantity("1Ki")',
    'x',
  ),
} as const;
type Kind = keyof typeof LEAVES;

/** Ways to make each, with places for others. */
const FORMS: Readonly<Record<Kind, readonly string[]>> = {
  int: [
    '{int} + {int}',
    '{int} - {int}',
    '{int} * {int}',
    '{int} / {int}',
    '{int} % {int}',
    '-({int})',
    'size({text})',
    '{ints}.size()',
    '{ints}.sum()',
    '{ints}.max()',
    '{ints}[{int}]',
    '{text}.indexOf({text})',
    'int({double})',
    'int({text})',
    '({truth} ? {int} : {int})',
    '{map}["a"]',
    '{ints}.indexOf({int})',
  ],
  double: ['{double} + {double}', '{double} / {double}', 'double({int})', 'double({text})', '{double} * {double}'],
  text: [
    '{text} + {text}',
    'string({int})',
    'string({double})',
    '{text}.upperAscii()',
    '{text}.substring({int})',
    '{text}.substring({int}, {int})',
    '{text}.replace({text}, {text})',
    '{texts}.join({text})',
    '{text}.charAt({int})',
    '"%s-%d".format([{text}, {text}])',
    '{texts}[{int}]',
    '{text}.trim()',
    'string({any})',
    '{text}.find("[a-z]+")',
  ],
  truth: [
    '{int} < {int}',
    '{int} == {int}',
    '{int} != {double}',
    '{double} >= {int}',
    '{text} < {text}',
    '{truth} && {truth}',
    '{truth} || {truth}',
    '!({truth})',
    '{int} in {ints}',
    '{text} in {map}',
    '{text}.startsWith({text})',
    '{text}.contains({text})',
    '{text}.matches("^[a-z]*$")',
    '{ints}.all(i, i > {int})',
    '{ints}.exists(i, {int} / i > 0)',
    '{ints}.exists_one(i, i == {int})',
    '{texts}.all(t, t.size() < {int})',
    '{any} == {any}',
    'type({any}) == type({any})',
    '{map}.exists(k, v, v == {int})',
    '{ints}.isSorted()',
    'sets.contains({ints}, {ints})',
    'isIP({text})',
    'isQuantity({text})',
    'bool({text})',
    '{any}.hasValue()',
  ],
  ints: [
    '{ints} + {ints}',
    '[{int}, {int}]',
    '{ints}.map(i, i + {int})',
    '{ints}.filter(i, i > {int})',
    '{ints}.sort()',
    '{ints}.distinct()',
    '{ints}.reverse()',
    '{ints}.slice({int}, {int})',
    '{texts}.map(t, t.size())',
    '{ints}.transformList(i, v, i * v)',
    '{ints}.sortBy(i, -i)',
    '[?optional.of({int}), {int}]',
  ],
  texts: [
    '{texts} + {texts}',
    '[{text}, {text}]',
    '{text}.split({text})',
    '{texts}.filter(t, t > {text})',
    '{texts}.sort()',
    '{map}.map(k, k)',
    '{ints}.map(i, string(i))',
    '{text}.findAll("[a-z]")',
  ],
  map: ['{"k": {int}}', '{ {text}: {int} }', '{map}.transformMap(k, v, {int})', '{?"a": optional.of({int})}'],
  any: [
    'dyn({int})',
    '[{any}]',
    '{any}.x',
    '{any}[{int}]',
    '{any}.?a',
    '{any}[?{text}]',
    'optional.of({any})',
    '{any}.orValue({int})',
    '({truth} ? {any} : {any})',
    '{any} + {any}',
    '{any}.size()',
    '{any}.map(x, x)',
    'quantity({text})',
    'duration({text})',
    'ip({text})',
    '{any} - {any}',
    '{any} < {any}',
  ],
};

const kinds = Object.keys(LEAVES) as readonly Kind[];

/** Now and then something of another kind stands where one is wanted. */
const { whole } = fc.letrec<Record<Kind | 'whole', string>>((tie) => {
  const made = (kind: Kind): fc.Arbitrary<string> => {
    const forms = FORMS[kind].map((form) => filled(form, tie as unknown as (kind: Kind) => fc.Arbitrary<string>));
    return fc.oneof(
      { maxDepth: 4, depthIdentifier: 'cel' },
      { arbitrary: LEAVES[kind], weight: 3 },
      { arbitrary: fc.oneof(...forms), weight: 5 },
    );
  };
  return {
    ...(Object.fromEntries(kinds.map((kind) => [kind, made(kind)])) as Record<Kind, fc.Arbitrary<string>>),
    whole: fc.oneof(...kinds.map((kind) => tie(kind))),
  };
});

function filled(form: string, tie: (kind: Kind) => fc.Arbitrary<string>): fc.Arbitrary<string> {
  const names = [...form.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => name as Kind);
  const parts = names.map((name) =>
    fc.oneof(
      { arbitrary: tie(name), weight: 30 },
      { arbitrary: LEAVES.any, weight: 1 },
      { arbitrary: LEAVES.text, weight: 1 },
    ),
  );
  return fc.tuple(...parts).map((texts) => {
    let i = 0;
    return form.replace(/\{[a-z]+\}/g, () => bracketed(texts[i++] ?? ''));
  });
}

const bracketed = (text: string): string =>
  /^[\w.]+$|^[[{"(]/.test(text) && !/[-+*/%<>=!?&|]/.test(text) ? text : `(${text})`;

export const randomExpression: fc.Arbitrary<string> = whole;
