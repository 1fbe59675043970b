import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinKinds, validatingAdmissionPolicy } from '@navarch/api';
import { admissionPolicyStatusController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

test('a validating policy says which of its generations is in force', async () => {
  await using plane = await ControlPlane.start({ controllers: [admissionPolicyStatusController(builtinKinds)] });
  const policies = plane.api.of(validatingAdmissionPolicy);
  const resourceRules = [
    { operations: ['CREATE' as const], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
  ];
  await policies.create({
    metadata: { name: 'p' },
    spec: { matchConstraints: { resourceRules }, validations: [{ expression: 'true' }] },
  });
  await plane.clock.advance(2000);
  assert.equal((await policies.get('p')).status.observedGeneration, 1);
  await policies.update('p', (current) => ({
    ...current,
    spec: { ...current.spec, validations: [{ expression: '1 == 1' }] },
  }));
  await plane.clock.advance(2000);
  assert.equal((await policies.get('p')).status.observedGeneration, 2);
});

test('a validating policy is told what in its expressions does not go with the kinds it names', async () => {
  await using plane = await ControlPlane.start({ controllers: [admissionPolicyStatusController(builtinKinds)] });
  const policies = plane.api.of(validatingAdmissionPolicy);
  const warningsOf = async (
    name: string,
    expressions: readonly { readonly expression: string; readonly messageExpression?: string }[],
    apiVersions = ['v1'],
  ) => {
    const resourceRules = [
      {
        operations: ['CREATE' as const],
        apiGroups: ['apps'],
        apiVersions,
        resources: ['deployments', 'deployments/scale'],
      },
    ];
    const variables = [{ name: 'labels', expression: 'object.metadata.labels' }];
    await policies.create({
      metadata: { name },
      spec: { matchConstraints: { resourceRules }, variables, validations: [...expressions] },
    });
    await plane.clock.advance(2000);
    return (await policies.get(name)).status.typeChecking?.expressionWarnings;
  };
  assert.deepEqual(
    await warningsOf('wrong', [
      { expression: 'object.spec.replicas > 1', messageExpression: "'wants more, got ' + object.spec.replicas" },
      { expression: 'object.spec.replica > 1' },
      {
        expression:
          "variables.labels['a'].startsWith('b') && object.spec.template.spec.containers.all(c, c.image != '' && has(c.resources))",
      },
    ]),
    [
      {
        fieldRef: 'spec.validations[0].messageExpression',
        warning:
          "apps/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:20: found no matching overload for '_+_' applied to '(string, int)'\n | 'wants more, got ' + object.spec.replicas\n | ...................^\n",
      },
      {
        fieldRef: 'spec.validations[1].expression',
        warning:
          "apps/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:12: undefined field 'replica'\n | object.spec.replica > 1\n | ...........^\n",
      },
    ],
  );
  assert.equal(await warningsOf('right', [{ expression: 'object.spec.replicas > 1' }]), undefined);
  assert.equal(await warningsOf('any', [{ expression: 'object.spec.replica > 1' }], ['*']), undefined);
});
