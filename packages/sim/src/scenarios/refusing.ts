import { validatingAdmissionPolicy, validatingAdmissionPolicyBinding } from '@navarch/api';
import type { Draft, ObjectOf } from '@navarch/machinery';
import type { World } from './world.ts';

interface Refused {
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[];
  /** With its subresource: `pods/status`. Of the core group. */
  readonly resources: readonly string[];
  /** In CEL: what is let through. */
  readonly but: string;
}

/** An admission policy of somebody refuses such requests from now on. */
export async function refuse(world: World, { operations, resources, but }: Refused): Promise<void> {
  await world.create(validatingAdmissionPolicy, {
    metadata: { name: 'deny' },
    spec: {
      matchConstraints: { resourceRules: [{ operations, apiGroups: [''], apiVersions: ['v1'], resources }] },
      validations: [{ expression: but }],
    },
  } as unknown as Draft<ObjectOf<typeof validatingAdmissionPolicy>>);
  await world.create(validatingAdmissionPolicyBinding, {
    metadata: { name: 'everywhere' },
    spec: { policyName: 'deny', validationActions: ['Deny'] },
  } as unknown as Draft<ObjectOf<typeof validatingAdmissionPolicyBinding>>);
  await world.pass('2s');
}
