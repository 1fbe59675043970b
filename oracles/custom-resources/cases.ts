import fc from 'fast-check';
import type { JsonSchema } from '../../packages/machinery/src/structural/json-schema.ts';
import { longIntegers } from '../integers.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd');
const text = fc.constantFrom('', 'a', 'bb', 'ccc', '2026-01-01T00:00:00Z', '10.0.0.1', 'x.y', 'aé');
const scalar = fc.oneof(
  text,
  fc.integer({ min: -5, max: 12 }),
  longIntegers,
  fc.constantFrom(0.5, 2.25),
  fc.boolean(),
  fc.constant(null),
);

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}));

const string: fc.Arbitrary<JsonSchema> = fc.record(
  {
    type: fc.constant('string' as const),
    minLength: fc.nat(2),
    maxLength: fc.integer({ min: 1, max: 4 }),
    pattern: fc.constantFrom('^a', 'b+$', '^[a-z]*$'),
    enum: fc.constantFrom(['a', 'bb'], ['ccc']),
    format: fc.constantFrom('date-time', 'ipv4', 'k8s-short-name', 'nonsense'),
    nullable: fc.boolean(),
    default: fc.constantFrom('a', 'bb'),
  },
  { requiredKeys: ['type'] },
);
const number: fc.Arbitrary<JsonSchema> = fc.record(
  {
    type: fc.constantFrom('integer' as const, 'number' as const),
    minimum: fc.integer({ min: -3, max: 3 }),
    maximum: fc.integer({ min: 3, max: 9 }),
    exclusiveMinimum: fc.boolean(),
    exclusiveMaximum: fc.boolean(),
    multipleOf: fc.constantFrom(1, 2, 3),
    nullable: fc.boolean(),
    default: fc.constantFrom(1, 4),
  },
  { requiredKeys: ['type'] },
);
const boolean: fc.Arbitrary<JsonSchema> = fc.record(
  { type: fc.constant('boolean' as const), nullable: fc.boolean(), default: fc.boolean() },
  { requiredKeys: ['type'] },
);
const intOrString: fc.Arbitrary<JsonSchema> = fc.constant({ 'x-kubernetes-int-or-string': true });

const condition: fc.Arbitrary<JsonSchema> = fc.oneof(
  fc.record({ required: fc.subarray(['a', 'b'], { minLength: 1 }) }),
  fc.record({
    properties: fc.dictionary(
      name,
      fc.oneof(
        fc.record({ minimum: fc.integer({ min: 0, max: 4 }) }),
        fc.record({ maxLength: fc.nat(2) }),
        fc.record({ enum: fc.constant(['a', 1]) }),
      ),
      { minKeys: 1, maxKeys: 2 },
    ),
  }),
);

const { schema } = fc.letrec<{
  schema: JsonSchema;
  object: JsonSchema;
  map: JsonSchema;
  list: JsonSchema;
  listMap: JsonSchema;
}>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    string,
    number,
    boolean,
    intOrString,
    tie('object'),
    tie('map'),
    tie('list'),
    tie('listMap'),
  ),
  object: fc.record(
    {
      type: fc.constant('object' as const),
      properties: fc.dictionary(name, tie('schema'), { minKeys: 1, maxKeys: 4 }),
      required: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
      'x-kubernetes-preserve-unknown-fields': fc.constant(true),
      nullable: fc.boolean(),
      minProperties: fc.nat(2),
      maxProperties: fc.integer({ min: 1, max: 4 }),
      'x-kubernetes-embedded-resource': fc.constant(true),
      anyOf: fc.array(condition, { minLength: 1, maxLength: 2 }),
      oneOf: fc.array(condition, { minLength: 1, maxLength: 2 }),
      allOf: fc.array(condition, { minLength: 1, maxLength: 1 }),
      not: condition,
    },
    { requiredKeys: ['type', 'properties'] },
  ),
  map: fc.record(
    {
      type: fc.constant('object' as const),
      additionalProperties: fc.oneof(tie('schema'), fc.constant(true)),
      nullable: fc.boolean(),
      maxProperties: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: ['type', 'additionalProperties'] },
  ),
  list: fc.record(
    {
      type: fc.constant('array' as const),
      items: tie('schema'),
      minItems: fc.nat(2),
      maxItems: fc.integer({ min: 1, max: 3 }),
      nullable: fc.boolean(),
      'x-kubernetes-list-type': fc.constantFrom('atomic' as const, 'set' as const),
    },
    { requiredKeys: ['type', 'items'] },
  ),
  listMap: tie('schema').map((b): JsonSchema => ({
    type: 'array',
    items: { type: 'object', required: ['a'], properties: { a: { type: 'string' }, b } },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['a'],
  })),
}));

/** What a definition may say of the fields that every object has. */
const own: fc.Arbitrary<Readonly<Record<string, JsonSchema>>> = fc.record(
  {
    apiVersion: fc.constantFrom('^x/v1$', '^x/v2$').map((pattern): JsonSchema => ({ type: 'string', pattern })),
    metadata: fc
      .integer({ min: 0, max: 2 })
      .map((maxLength): JsonSchema => ({ type: 'object', properties: { name: { type: 'string', maxLength } } })),
  },
  { requiredKeys: [] },
);

const root: fc.Arbitrary<JsonSchema> = fc
  .tuple(fc.dictionary(name, schema, { minKeys: 1, maxKeys: 4 }), own)
  .map(([properties, owned]) => ({ type: 'object', properties: { ...properties, ...owned } }));

/** A value that is more often right than a random one. */
function fitting(of: JsonSchema): fc.Arbitrary<unknown> {
  const right = (): fc.Arbitrary<unknown> => {
    if (of['x-kubernetes-int-or-string']) return fc.oneof(text, fc.nat(5));
    switch (of.type) {
      case 'object': {
        const extra =
          typeof of.additionalProperties === 'object'
            ? fc.dictionary(name, fitting(of.additionalProperties), { maxKeys: 3 })
            : fc.dictionary(name, value, { maxKeys: 1 });
        const own = fc.record(
          Object.fromEntries(Object.entries(of.properties ?? {}).map(([key, inner]) => [key, fitting(inner)])),
          { requiredKeys: [] },
        );
        return fc.tuple(extra, own).map(([a, b]) => ({ ...a, ...b }));
      }
      case 'array':
        return fc.array(fitting(of.items ?? {}), { maxLength: 4 });
      case 'string':
        return text;
      case 'integer':
        return fc.oneof({ arbitrary: fc.integer({ min: -5, max: 12 }), weight: 4 }, longIntegers);
      case 'number':
        return fc.oneof(fc.integer({ min: -5, max: 12 }), fc.constant(2.25));
      case 'boolean':
        return fc.boolean();
      default:
        return value;
    }
  };
  return fc.oneof(
    { arbitrary: right(), weight: 8 },
    { arbitrary: fc.constant(null), weight: 1 },
    { arbitrary: value, weight: 1 },
  );
}

const META = { apiVersion: 'x/v1', kind: 'X', metadata: { name: 'x' } };

/** An object before and after an update, of which some parts are the same. */
export interface Change {
  readonly value: Readonly<Record<string, unknown>>;
  readonly old: Readonly<Record<string, unknown>>;
}

function changes(made: JsonSchema): fc.Arbitrary<Change> {
  const { apiVersion: _, metadata: __, ...properties } = made.properties ?? {};
  const object = fitting({ ...made, properties }).filter(
    (found): found is Record<string, unknown> => typeof found === 'object' && found !== null && !Array.isArray(found),
  );
  return fc.tuple(object, object, fc.subarray(['a', 'b', 'c', 'd'])).map(([value, other, changed]) => {
    const left = Object.entries(value).filter(([key]) => !changed.includes(key));
    const right = Object.entries(other).filter(([key]) => changed.includes(key));
    return { value, old: Object.fromEntries([...left, ...right]) };
  });
}

/** A schema with one such change. */
export const customCase: fc.Arbitrary<{ readonly schema: JsonSchema; readonly value: unknown; readonly old: unknown }> =
  root.chain((made) =>
    changes(made).map(({ value, old }) => ({ schema: made, value: { ...META, ...value }, old: { ...META, ...old } })),
  );

/** A schema with several of them. */
export const customSeries = (
  count: number,
): fc.Arbitrary<{ readonly schema: JsonSchema; readonly changes: readonly Change[] }> =>
  root.chain((made) =>
    fc.array(changes(made), { minLength: count, maxLength: count }).map((list) => ({ schema: made, changes: list })),
  );
