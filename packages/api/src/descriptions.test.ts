import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldFacts, TypeFacts } from '@navarch/machinery';
import { described, describedField, describedType } from './descriptions.ts';
import { builtinKinds, schemas, typeFacts } from './index.ts';

const facts: Readonly<Record<string, TypeFacts>> = typeFacts;

/** Types that are any JSON in a schema. */
const isPlain = (type: string): boolean => /\.JSON(?:SchemaPropsOr\w+)?$/.test(type);

/** Every type that a built-in kind is made of. */
function typesOfKinds(): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = builtinKinds.flatMap(({ schema: { name } }) => (name === undefined ? [] : [name, `${name}List`]));
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (found.has(type) || !facts[type] || isPlain(type)) continue;
    found.add(type);
    waiting.push(
      ...(facts[type]?.fields ?? []).map((field: FieldFacts) => field.type.replace(/^(\[\]|map\[string\])+/, '')),
    );
  }
  return found;
}

test('descriptions: of every type and field that a built-in kind is made of', () => {
  const types = [...typesOfKinds()];
  assert.ok(types.length > 500, `${types.length} types`);
  const silent = types.flatMap((type) => [
    ...(describedType(type) === undefined ? [type] : []),
    ...schemas
      .object(type)
      .fields.flatMap(({ name }) => (describedField(schemas.object(type), name) ? [] : [`${type}.${name}`])),
  ]);
  assert.deepEqual(silent, []);
});

test('descriptions: every name is that of a type and its field in some version', () => {
  const known = new Map<string, Set<string>>();
  for (const [type, { fields = [] }] of Object.entries(facts)) {
    const [name = '', , group = ''] = type.split('.').reverse();
    for (const key of [name, `${group}.${name}`])
      known.set(key, new Set([...(known.get(key) ?? []), ...fields.map((field: FieldFacts) => field.name)]));
  }
  // Texts and numbers with a name of their own, which are no objects.
  const scalars = ['Time', 'MicroTime', 'Duration', 'Quantity', 'IntOrString', 'RawExtension', 'FieldsV1', 'JSON'];
  const names = [...described().keys()];
  assert.deepEqual(
    names.filter((name) => !known.has(name) && !scalars.includes(name)),
    [],
  );
  // Types that are said to be the same share their words, and one of them must have the field.
  const holders = Map.groupBy(names, (name) => described().get(name)?.fields);
  const strange = [...holders].flatMap(([fields, types]) =>
    [...(fields?.keys() ?? [])]
      .filter((field) => !types.some((type) => known.get(type)?.has(field)))
      .map((field) => `${types.join(', ')}: ${field}`),
  );
  assert.deepEqual(strange, []);
});

test('descriptions: a group that has a type of the same name as another has its own words', () => {
  const of = (type: string): string => describedType(`io.k8s.api.${type}`) ?? '';
  assert.match(of('resource.v1.ResourceClaim'), /^Asks for devices/);
  assert.match(of('core.v1.ResourceClaim'), /one of its containers/);
  assert.equal(of('resource.v1beta1.ResourceClaim'), of('resource.v1.ResourceClaim'));
  assert.equal(of('apps.v1.DeploymentList'), 'A list of objects of the kind Deployment.');
});

test('descriptions: fields of an included type, of conditions and of every object are described once', () => {
  const of = (type: string, field: string): string => describedField(schemas.object(`io.k8s.api.${type}`), field) ?? '';
  assert.equal(of('core.v1.ConfigMapKeySelector', 'name'), of('core.v1.LocalObjectReference', 'name'));
  assert.equal(of('apps.v1.DeploymentCondition', 'status'), 'True, False or Unknown.');
  assert.match(of('batch.v1.Job', 'kind'), /CamelCase/);
  assert.equal(describedField(schemas.object('io.k8s.api.core.v1.PodSpec'), 'none'), undefined);
});
