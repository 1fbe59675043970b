import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  apiVersionOf,
  decode,
  DecodeError,
  Field,
  type HookContext,
  inPrintedOrder,
  type Kind,
  readJson,
  writeJson,
} from '@navarch/machinery';
import { objectsOf } from '@navarch/machinery/testing';
import { builtinKinds } from './kinds.ts';

const RUNS = 25;
const NOW = Date.parse('2026-11-21T12:00:00Z');
const hooks: HookContext = {
  now: NOW,
  subresource: undefined,
  apiVersion: 'v1',
  user: { name: 'tester', groups: [] },
  isOn: () => false,
};

function completed(kind: Kind<any>, given: unknown): any {
  const { value } = decode(kind.schema, given);
  kind.behaviour.complete?.(value as any);
  return value;
}

/** Without the empty values that hooks leave in what validation refuses. */
const withoutEmpty = (text: string): string =>
  JSON.stringify(JSON.parse(text, (_, value: unknown) => (value === '' || value === 0 ? undefined : value)));

for (const kind of builtinKinds) {
  const name = `${apiVersionOf(kind)} ${kind.kind}`;
  const objects = objectsOf(kind.schema, apiVersionOf(kind), kind.kind);

  test(`${name}: what defaulting gives, it leaves alone`, () => {
    fc.assert(
      fc.property(objects, (sent) => {
        const once = completed(kind, sent);
        const twice = structuredClone(once);
        kind.behaviour.complete?.(twice);
        assert.deepEqual(twice, once);
        // Storage gives back what was printed; reading it must not change it either.
        assert.deepEqual(completed(kind, readJson(writeJson(once))), readJson(writeJson(once)));
      }),
      { numRuns: RUNS },
    );
  });

  test(`${name}: what defaulting gives is printed in the order of its fields`, () => {
    fc.assert(
      fc.property(objects, (sent) => {
        const printed = writeJson(inPrintedOrder(kind.schema, completed(kind, sent)));
        assert.equal(withoutEmpty(printed), withoutEmpty(writeJson(decode(kind.schema, readJson(printed)).value)));
      }),
      { numRuns: RUNS },
    );
  });

  test(`${name}: whatever is sent is validated, warned of and shown without an exception`, () => {
    fc.assert(
      fc.property(objects, objects, (sent, before) => {
        const { behaviour } = kind;
        const [object, previous] = [completed(kind, sent), completed(kind, before)];
        behaviour.prepareCreate?.(structuredClone(previous), hooks);
        behaviour.prepareUpdate?.(structuredClone(object), previous, hooks);
        const at = new Field();
        behaviour.validate?.(object, at, hooks);
        behaviour.validateCreate?.(object, at, hooks);
        behaviour.validateUpdate?.(object, previous, at, hooks);
        for (const part of Object.values(behaviour.parts ?? {})) {
          const merged = part.merge(structuredClone(object), previous);
          part.prepare?.(merged, previous, hooks);
          part.validate?.(merged, previous, at, hooks);
        }
        for (const error of at.errors)
          assert.match(
            `${error.field}: ${error.message}`,
            /^.*: (Required value|Invalid value|Unsupported value|Forbidden|Duplicate value|Not found|Too long|Too many|Too few)/,
          );
        behaviour.warnings?.(object, previous);
        if (behaviour.desired) behaviour.desired(object);
        for (const column of kind.columns) column.value(object, { now: NOW });
        for (const value of Object.values(kind.selectableFields)) assert.equal(typeof value(object), 'string');
      }),
      { numRuns: RUNS },
    );
  });

  test(`${name}: JSON of any shape is read or refused as JSON`, () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (spec, metadata) => {
        try {
          decode(kind.schema, { metadata, spec });
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
        }
      }),
      { numRuns: RUNS },
    );
  });
}
