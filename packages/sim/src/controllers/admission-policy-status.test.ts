import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validatingAdmissionPolicy } from '@navarch/api';
import { admissionPolicyStatusController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

test('a validating policy says which of its generations is in force', async () => {
  await using plane = await ControlPlane.start({ controllers: [admissionPolicyStatusController] });
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
