import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersionOf, decode, type Kind, type ObjectSchema, type Schema } from '@navarch/machinery';
import { defaultFacts } from './generated/tables/defaults.ts';
import { builtinKinds } from './kinds.ts';
import { elsewhere, examples, notServed } from './testing/default-examples.ts';

type Json = Readonly<Record<string, unknown>>;
type Fact = (typeof defaultFacts)[number];

const keyOf = ({ groupVersion, type, path, value }: Fact): string => `${groupVersion} ${type} ${path} ${value}`;

function completed(kind: Kind<any>, given: unknown): Json {
  const { value } = decode(kind.schema, given);
  kind.behaviour.complete?.(value as any);
  return value;
}

/** Paths from a kind to the first place of a type, as segments: names, `[]` for items, `{}` for values. */
function pathTo(schema: Schema, typeName: RegExp, seen: Set<string> = new Set()): readonly string[] | undefined {
  if (schema.type === 'list') return prefixed('[]', pathTo(schema.items, typeName, seen));
  if (schema.type === 'map') return prefixed('{}', pathTo(schema.values, typeName, seen));
  if (schema.type !== 'object') return undefined;
  if (typeName.test(schema.name ?? '')) return [];
  if (schema.name && seen.has(schema.name)) return undefined;
  if (schema.name) seen.add(schema.name);
  for (const field of (schema as ObjectSchema).fields) {
    const found = prefixed(field.name, pathTo(field.schema, typeName, seen));
    if (found) return found;
  }
  return undefined;
}

const prefixed = (head: string, tail: readonly string[] | undefined): readonly string[] | undefined =>
  tail && [head, ...tail];

/** An object in which everything above the last segment is there. */
function built(segments: readonly string[]): unknown {
  const [head, ...rest] = segments;
  if (head === undefined) return undefined;
  const inner = built(rest);
  if (head === '[]') return [inner ?? {}];
  if (head === '{}') return { k: inner ?? {} };
  return inner === undefined ? {} : { [head]: inner };
}

function read(value: unknown, segments: readonly string[]): unknown {
  let found: any = value;
  for (const segment of segments)
    found = segment === '[]' ? found?.[0] : segment === '{}' ? found?.k : found?.[segment];
  return found;
}

const segmentsOf = (path: string): readonly string[] =>
  path.split('.').flatMap((part) => (part.endsWith('[]') ? [part.slice(0, -2), '[]'] : [part]));

/** `420 (0644)` is 420, `"ext4"` ext4. */
function expectedOf(value: string): unknown {
  const text = value.replace(/ \(.*\)$/, '');
  if (/^\[[A-Za-z]+\]$/.test(text)) return [text.slice(1, -1)];
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Every place of the fact's type in the kinds that are served, tried with the field left out. */
function tryUnset(fact: Fact): boolean {
  const { groupVersion, type, path, value } = fact;
  const kinds = builtinKinds.filter(
    (kind) =>
      groupVersion === apiVersionOf(kind) ||
      groupVersion === '*' ||
      (groupVersion.endsWith('/*') && kind.group === groupVersion.slice(0, -2)),
  );
  const typeName = new RegExp(`\\.${type}$`);
  let isFound = false;
  for (const kind of kinds) {
    const above = kind.kind === type ? [] : pathTo(kind.schema, typeName);
    if (!above) continue;
    isFound = true;
    const segments = [...above, ...segmentsOf(path)];
    const result = read(completed(kind, { metadata: { name: 'x' }, ...(built(segments) as object) }), segments);
    const expected = expectedOf(value);
    // An empty value that Go leaves out is the same as one that it prints.
    if ((expected === '' || expected === false || expected === 0) && result === undefined) continue;
    assert.deepEqual(result, expected, `${keyOf(fact)} at ${kind.kind} ${segments.join('.')}`);
  }
  return isFound;
}

test('every default of the fact table is applied, or is named with a reason where it is applied instead', () => {
  const unproven: string[] = [];
  for (const fact of defaultFacts) {
    const key = keyOf(fact);
    const example = examples[key];
    if (example) {
      const kind = builtinKinds.find((other) => `${other.group}/${other.version}.${other.kind}` === example.kind);
      assert.ok(kind, key);
      const result = completed(kind, { metadata: { name: 'x' }, ...example.given });
      for (const [path, expected] of Object.entries(example.expected)) {
        assert.deepEqual(read(result, path.split('/')), expected, `${key}: ${path}`);
      }
      continue;
    }
    if (key in elsewhere || notServed.includes(fact.groupVersion)) continue;
    if (!tryUnset(fact)) unproven.push(key);
  }
  assert.deepEqual(unproven, []);
});

test('no example and no exception is left over from a fact that is gone', () => {
  const keys = new Set(defaultFacts.map(keyOf));
  assert.deepEqual(
    [...Object.keys(examples), ...Object.keys(elsewhere)].filter((key) => !keys.has(key)),
    [],
  );
});
