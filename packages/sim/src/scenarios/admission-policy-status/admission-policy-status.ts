import assert from 'node:assert/strict';
import { builtinKinds, validatingAdmissionPolicy } from '@navarch/api';
import { admissionPolicyStatusController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { defineApps } from '../custom-resources/apps.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

type Policy = ObjectOf<typeof validatingAdmissionPolicy>;
const DEPLOYMENTS = { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] };

const specOf = (rule: object, ...expressions: readonly string[]) =>
  ({
    matchConstraints: { resourceRules: [{ operations: ['CREATE'], ...rule }] },
    validations: expressions.map((expression) => ({ expression })),
  }) as unknown as Policy['spec'];
const write = (world: World, spec: Policy['spec']): Promise<Policy> =>
  world.create(validatingAdmissionPolicy, { metadata: { name: 'p' }, spec } as Draft<Policy>);
const rewrite = (world: World, spec: Policy['spec']): Promise<Policy> =>
  world.change(validatingAdmissionPolicy, 'p', (policy) => ({ ...policy, spec }));
const policyOf = (view: View): Policy | undefined => view.get(validatingAdmissionPolicy, 'p');
const isSeen = (view: View): boolean => {
  const found = policyOf(view);
  return found !== undefined && found.status.observedGeneration === found.metadata.generation;
};
const warned = (view: View): readonly string[] =>
  (policyOf(view)?.status.typeChecking?.expressionWarnings ?? []).map(
    ({ fieldRef, warning }) => `${fieldRef} ${/^.*(?=\n)/.exec(warning)?.[0]}`,
  );

/** What is in force is never older than what was. */
const onlyOnwards: Property = defineProperty({
  name: 'no generation is observed that is not there, or an older one again',
  of: [validatingAdmissionPolicy],
  begin() {
    let last = 0;
    return (view) => {
      const { metadata, status } = policyOf(view) ?? {};
      const observed = Number(status?.observedGeneration ?? 0);
      const wrong = observed < last || observed > (metadata?.generation ?? 0);
      last = observed;
      return wrong ? `${observed} of ${metadata?.generation}` : undefined;
    };
  },
});

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    controllers: () => [admissionPolicyStatusController(builtinKinds)],
    pods: 'none',
    always: [onlyOnwards],
    ...scenario,
  });

export const admissionPolicyStatusScenarios: readonly Scenario[] = [
  about({
    name: 'admission-policy-status/observed',
    says: 'A policy says which of its generations was looked at, the last one in the end.',
    async act(world) {
      await write(world, specOf(DEPLOYMENTS, 'true'));
      for (let n = 0; n < 6; n++) {
        await world.pass(world.random.uint32() % 3000);
        await rewrite(world, specOf(DEPLOYMENTS, `object.spec.replicas > ${n}`));
      }
    },
    end(view) {
      assert.ok(isSeen(view));
      assert.deepEqual([policyOf(view)?.metadata.generation, warned(view)], [7, []]);
    },
  }),
  about({
    name: 'admission-policy-status/warnings',
    says: 'What does not go with the kinds that a policy names is warned of, and no more when it is mended.',
    async act(world) {
      await write(world, specOf(DEPLOYMENTS, 'object.spec.replicas > 1', 'object.spec.replica > 1'));
      await world.until('it is looked at', isSeen);
      assert.deepEqual(warned(world.view), [
        "spec.validations[1].expression apps/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:12: undefined field 'replica'",
      ]);
      await rewrite(world, specOf(DEPLOYMENTS, 'object.spec.replicas > 1', 'object.spec.replicas < 9'));
      await world.until('the other is looked at', isSeen);
      assert.deepEqual(warned(world.view), []);
      await rewrite(world, specOf(DEPLOYMENTS, 'object.metadata.name == 1'));
    },
    end: (view) =>
      assert.deepEqual(warned(view), [
        "spec.validations[0].expression apps/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:22: found no matching overload for '_==_' applied to '(string, int)'",
      ]),
  }),
  about({
    name: 'admission-policy-status/any-kind',
    says: 'What a policy leaves open is not looked at: it may be of any kind.',
    async act(world) {
      await write(world, specOf({ ...DEPLOYMENTS, apiVersions: ['*'] }, 'object.spec.replica > 1'));
    },
    end(view) {
      assert.ok(isSeen(view));
      assert.deepEqual(policyOf(view)?.status.typeChecking, {});
    },
  }),
  about({
    name: 'admission-policy-status/custom-resources',
    says: 'A policy of custom resources is looked at by their schema.',
    controllers: () => [],
    ofEveryKind: ['validatingadmissionpolicy-status-controller'],
    async act(world) {
      await defineApps(world);
      // Until the controllers know what is served now.
      await world.pass('1m');
      const rule = { apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['apps'] };
      await write(world, specOf(rule, 'object.spec.size > 1', 'object.spec.sizes > 1'));
    },
    end: (view) =>
      assert.deepEqual(warned(view), [
        "spec.validations[1].expression example.com/v1, Kind=App: compilation failed: ERROR: <input>:1:12: undefined field 'sizes'",
      ]),
  }),
];
