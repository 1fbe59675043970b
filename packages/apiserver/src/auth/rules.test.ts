import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule } from '@navarch/api';
import fc from 'fast-check';
import { allows, ruleText, uncovered } from './rules.ts';

const some = (...values: readonly string[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const resourceRule = fc.record(
  {
    verbs: some('get', 'list', '*'),
    apiGroups: some('', 'apps', '*'),
    resources: some('pods', 'pods/log', 'deployments/scale', '*/scale', '*'),
    resourceNames: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
  },
  { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
);
const urlRule = fc.record({ verbs: some('get', '*'), nonResourceURLs: some('/x', '/x/*', '/*', '*') });
const rules: fc.Arbitrary<readonly PolicyRule[]> = fc.array(fc.oneof(resourceRule, urlRule), { maxLength: 4 });
const request = fc.record({
  isResource: fc.boolean(),
  verb: fc.constantFrom('get', 'list', 'delete'),
  group: fc.constantFrom('', 'apps', 'batch'),
  resource: fc.constantFrom('pods', 'deployments', 'nodes'),
  subresource: fc.constantFrom('', 'log', 'scale'),
  name: fc.constantFrom('', 'a', 'b', 'c'),
  namespace: fc.constant(''),
  path: fc.constantFrom('/x', '/x/y', '/y'),
});
const allowed = (held: readonly PolicyRule[], asked: Parameters<typeof allows>[1]): boolean =>
  held.some((rule) => allows(rule, asked));

test('uncovered() lets nothing be handed on that is not held', () => {
  fc.assert(
    fc.property(rules, rules, request, (held, wanted, asked) => {
      if (uncovered(held, wanted).length === 0 && allowed(wanted, asked)) assert.ok(allowed(held, asked));
    }),
    { numRuns: 5000 },
  );
});

test('uncovered() names what is missing: with it, everything wanted is held', () => {
  fc.assert(
    fc.property(rules, rules, (held, wanted) => {
      assert.deepEqual(uncovered([...held, ...uncovered(held, wanted)], wanted), []);
    }),
    { numRuns: 2000 },
  );
});

test('uncovered() finds everything in what is held already, and in the rules of everything', () => {
  const everything = [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ];
  fc.assert(
    fc.property(rules, (wanted) => {
      assert.deepEqual(uncovered(wanted, wanted), []);
      assert.deepEqual(uncovered(everything, wanted), []);
    }),
  );
});

test('ruleText() shows a rule as refusals do', () => {
  const rule = { verbs: ['get', 'list'], apiGroups: ['', 'apps'], resources: ['pods'], resourceNames: ['a'] };
  assert.equal(
    ruleText(rule),
    '{APIGroups:["" "apps"], Resources:["pods"], ResourceNames:["a"], Verbs:["get" "list"]}',
  );
  assert.equal(ruleText({ verbs: ['get'], nonResourceURLs: ['/x'] }), '{NonResourceURLs:["/x"], Verbs:["get"]}');
});
