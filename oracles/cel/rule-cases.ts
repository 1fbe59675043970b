import fc from 'fast-check';

/** A schema with everything that rules see, and values for it. */
const properties = {
  spec: {
    type: 'object',
    required: ['replicas'],
    properties: {
      replicas: { type: 'integer' },
      ratio: { type: 'number' },
      name: { type: 'string' },
      short: { type: 'string', maxLength: 10 },
      mode: { type: 'string', enum: ['a', 'long'] },
      flag: { type: 'boolean' },
      when: { type: 'string', format: 'date-time' },
      day: { type: 'string', format: 'date' },
      wait: { type: 'string', format: 'duration' },
      data: { type: 'string', format: 'byte' },
      port: { 'x-kubernetes-int-or-string': true },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      namespace: { type: 'string' },
      'a-b.c/d__e': { type: 'string' },
      list: { type: 'array', items: { type: 'string' } },
      few: { type: 'array', maxItems: 5, items: { type: 'string', maxLength: 5 } },
      numbers: { type: 'array', maxItems: 20, items: { type: 'integer' } },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      counts: { type: 'object', maxProperties: 4, additionalProperties: { type: 'integer' } },
      items: {
        type: 'array',
        maxItems: 10,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['key'],
        items: {
          type: 'object',
          required: ['key'],
          properties: { key: { type: 'string', maxLength: 20 }, value: { type: 'integer' } },
        },
      },
      atoms: {
        type: 'array',
        items: {
          type: 'object',
          properties: { x: { type: 'integer' }, y: { type: 'array', items: { type: 'string' } } },
        },
      },
    },
  },
} as const;

const value = {
  apiVersion: 'example.com/v1',
  kind: 'Thing',
  metadata: { name: 'thing' },
  spec: {
    replicas: 3,
    ratio: 2,
    name: 'hello',
    short: 'abc',
    mode: 'a',
    flag: true,
    when: '2026-01-02T03:04:05Z',
    day: '2026-01-02',
    wait: '1h30m',
    data: 'aGVsbG8=',
    port: '80%',
    free: { a: 1 },
    namespace: 'ns',
    'a-b.c/d__e': 'x',
    list: ['a', 'b'],
    few: ['x'],
    numbers: [1, 2, 3],
    labels: { a: 'b' },
    counts: { a: 1 },
    items: [
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ],
    atoms: [{ x: 1, y: ['a'] }],
  },
};

/** One a line, of `self` as the spec. */
export const rules: readonly string[] = String.raw`
self.replicas > 0
self.replicas > 5
self.replicas
self.replicas + "a" == 1
self.absent == 1
self.replica > 0 && self.name == 1
self.ratio > 1.5
self.ratio > 1
self.ratio == 2.0
self.name.startsWith("h")
self.name.contains("ell")
self.name.contains(self.short)
self.name == self.short
self.name == "x"
self.name.matches("^h+$")
self.short.matches("^[a-z]+$")
self.name.matches(self.name)
self.name.find("[a-z]+") == "hello"
self.name.upperAscii() == "HELLO"
self.name.replace("h", "j") == "jello"
self.short.replace("a", self.name) == "x"
self.short.split("").size() == 3
self.short.split(",", 2).size() == 3
self.list.join(",").size() < 100
self.few.join(",").size() < 10
self.mode == "a"
self.mode.size() < 5
self.mode in ["a", "b"]
self.flag
!self.flag
self.when > timestamp("2025-01-01T00:00:00Z")
self.day.getMonth() == 0
self.wait > duration("1h")
self.data == b"hello"
self.data.size() == 5
type(self.port) == string
self.port == 80
self.port.endsWith("%")
self.port > 5
has(self.free)
self.free.a == 1
self.__namespace__ == "ns"
self.namespace == "ns"
self.a__dash__b__dot__c__slash__d__underscores__e == "x"
self.list.all(x, x.size() < 100)
self.list.all(x, self.list.exists(y, x == y))
self.list.all(x, self.list.all(y, self.list.all(z, x != y || z == x)))
self.few.all(x, self.few.exists(y, x == y))
self.few.map(x, x + "a").size() < 10
self.few.filter(x, x.matches("a")).size() < 10
self.few.exists_one(x, x == "x")
self.few.isSorted()
self.list.isSorted()
self.numbers.sum() < 100
self.numbers.max() < 100
self.list.indexOf("a") == 0
self.name.indexOf("a") == 0
"a" in self.list
"a" in self.labels
1 in self.numbers
self.labels.all(k, self.labels[k] != "")
self.labels.exists(k, v, v == "b")
self.counts.all(k, k.size() < 10 && self.counts[k] < 10)
self.counts.map(k, self.counts[k]).sum() > 0
self.items.all(i, i.value > 0)
self.items.all(i, i.key.matches("^[a-z]+$"))
self.items.map(i, i.key).isSorted()
self.items.map(i, i.key) == ["a", "b"]
self.items.filter(i, i.value > 1)[0].key == "b"
self.items[0].key == "a"
self.items.exists(i, i.key == "c")
self.atoms.all(a, a.x > 0)
self.atoms.all(a, a.y.all(y, y.size() < 10))
self.atoms.map(a, a.x).max() < 10
self.atoms.map(a, a.y).flatten().size() < 10
self.numbers.sort() == [1, 2, 3]
self.few.sort() == self.few
self.numbers.map(x, dyn(x)).distinct().size() == 3
self.few.sortBy(x, x.size()).size() == 1
sets.contains(self.few, self.few)
sets.equivalent(self.numbers, [1, 2])
self.few + self.few == self.few
[self.name, self.short].all(x, x.size() < 10)
[self.few, self.few].map(x, x.size()).sum() < 10
{"a": self.name}.all(k, k == "a")
{"a": self.name}["a"] == "hello"
self.?name.orValue("x") == "hello"
self.?absent.orValue("x") == "hello"
self.labels[?"a"].orValue("x") == "b"
self.name == "a" ? self.list.size() > 1 : self.few.size() > 0
has(self.name) && self.name.size() > 1
oldSelf.replicas <= self.replicas
self.name == oldSelf.name
self == oldSelf
self.items == oldSelf.items
url(self.name).getHost() == ""
isURL(self.name)
isIP(self.name) || isCIDR(self.name)
quantity(self.short).isLessThan(quantity("1k"))
isQuantity(self.short)
semver(self.short).major() > 1
format.dns1123Label().validate(self.name).hasValue()
!format.named("dns1123Label").value().validate(self.short).hasValue()
cidr("10.0.0.0/8").containsIP(self.short)
ip("10.0.0.1") == ip(self.short)
string(self.replicas) + self.name == "3hello"
"%s-%d".format([self.name, self.replicas]) == "hello-3"
string(self.data) == "hello"
bytes(self.name).size() == 5
lists.range(5).all(i, i < self.replicas)
lists.range(self.replicas).all(i, i < 3)
self.numbers.slice(0, 2).size() == 2
self.few.all(x, x.lowerAscii() == x)
self.few.transformList(i, v, v + string(i)).size() == 1
self.counts.transformMap(k, v, v + 1).size() == 1
int("x") > 1
duration("x") > self.wait
self.name.substring(1, 3) == "el"
self.name.substring(9) == ""
self.numbers[5] == 1
self.replicas / 0 == 1
self.few.exists(x, x.y)
1 +
self.replicas > 0 &&
self.name.size(1) > 0
self.list.all(x, y)
self.metadata.name == "x"
true
"x"
dyn(true)
`
  .split('\n')
  .filter((line) => line !== '');

export const rootRules: readonly string[] = [
  'self.metadata.name == "thing"',
  'self.kind == "Thing"',
  'self.metadata.labels == {}',
  'self.metadata.generateName == ""',
  'self.spec.replicas > 0',
  'has(self.spec) && self.apiVersion != ""',
  'self.spec.list.all(x, x != self.metadata.name)',
];

const messages: readonly (string | undefined)[] = [
  undefined,
  undefined,
  undefined,
  '"name is " + self.name',
  '"replicas " + string(self.replicas)',
  'self.replicas',
  'self.absent',
  '"a" +',
  '"short " + self.short',
  'string(self.list)',
];

interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly optionalOldSelf?: boolean;
}

let next = 0;

/** Every rule of the table in turn, with or without words of its own. */
const rule: fc.Arbitrary<Rule> = fc
  .tuple(
    fc.constantFrom(...messages),
    fc.constantFrom(undefined, undefined, 'must be so'),
    fc.constantFrom(undefined, undefined, undefined, true),
  )
  .map(([messageExpression, message, optionalOldSelf]) => ({
    rule: rules[next++ % rules.length] ?? '',
    ...(message === undefined ? {} : { message }),
    ...(messageExpression === undefined ? {} : { messageExpression }),
    ...(optionalOldSelf === undefined ? {} : { optionalOldSelf }),
  }));

/** Rules about parts of the spec, of `self` as that part. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  list: ['self.all(x, x != "")', 'self.size() < 10', 'self == oldSelf'],
  items: ['self.all(i, i.value > 0)', 'self.exists(i, i.key == "a")'],
  labels: ['self.all(k, k != self[k])'],
  name: ['self != ""', 'self.matches("^[a-z]*$")', 'self == oldSelf', 'self.absent'],
  port: ['self == 80', 'self == "80%"'],
};
const ITEMS: Readonly<Record<string, readonly string[]>> = {
  list: ['self.size() > 0', 'self == oldSelf', 'self.matches("^[a-z]+$")'],
  items: ['self.value > 0', 'self.value >= oldSelf.value'],
  atoms: ['self.x > 0', 'self.y.all(y, self.y.exists(z, z == y))', 'self == oldSelf'],
};

const partRule = (table: Readonly<Record<string, readonly string[]>>): fc.Arbitrary<readonly [string, string]> =>
  fc.constantFrom(...Object.entries(table).flatMap(([name, list]) => list.map((one) => [name, one] as const)));

type Mutable = Record<string, any>;

function withRules(spec: Mutable, [part, one]: readonly [string, string], isItem: boolean): void {
  const at = isItem ? spec['properties'][part].items : spec['properties'][part];
  at['x-kubernetes-validations'] = [{ rule: one }];
}

/** A schema with a few rules. */
export const ruledSchema: fc.Arbitrary<object> = fc
  .tuple(
    fc.array(rule, { minLength: 1, maxLength: 3 }),
    fc.option(fc.constantFrom(...rootRules)),
    fc.option(partRule(PARTS)),
    fc.option(partRule(ITEMS)),
  )
  .map(([specRules, root, part, item]) => {
    const schema: Mutable = { type: 'object', properties: structuredClone(properties) };
    schema['properties']['spec']['x-kubernetes-validations'] = specRules;
    if (root) schema['x-kubernetes-validations'] = [{ rule: root }];
    if (part) withRules(schema['properties']['spec'], part, false);
    if (item) withRules(schema['properties']['spec'], item, true);
    return schema;
  });

/** The value, now and then with other parts; and what was before. */
export const ruledValue: fc.Arbitrary<{ readonly value: object; readonly old: object | null }> = fc
  .tuple(
    fc.record({
      replicas: fc.constantFrom(3, 0, 9),
      name: fc.constantFrom('hello', 'a', 'Hé'),
      list: fc.constantFrom(['a', 'b'], [], ['b', 'a', 'a']),
      port: fc.constantFrom('80%', 80),
      wait: fc.constantFrom('1h30m', '5s'),
    }),
    fc.constantFrom(null, value, { ...value, spec: { ...value.spec, replicas: 4, name: 'other' } }),
  )
  .map(([part, old]) => ({ value: { ...value, spec: { ...value.spec, ...part } }, old }));

export const definitionOf = (schema: object): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
});
