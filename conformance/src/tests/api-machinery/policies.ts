import assert from 'node:assert/strict';
import {
  deployment,
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  namespace,
  replicaSet,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
} from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { runOperations } from '../../api-operations.ts';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { type Json, rest } from '../../rest.ts';
import { until } from '../../until.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const IN_FORCE_MS = 60_000;
const VALIDATING = '[sig-api-machinery] ValidatingAdmissionPolicy should';
const MUTATING = '[sig-api-machinery] MutatingAdmissionPolicy should';

const deployments = {
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'] as const,
  resources: ['deployments'],
};
const labels = { app: 'nginx' };
const workload = (name: string, replicas: number, metadata: Json = {}): Json => ({
  metadata: { ...metadata, name, labels },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'nginx', image: 'nginx:latest' }] } },
  },
});

/** Puts a policy in force for deployments of this test's namespace alone. */
async function inForce(
  context: TestContext,
  kind: 'ValidatingAdmissionPolicy' | 'MutatingAdmissionPolicy',
  spec: Json,
): Promise<void> {
  const { create } = rest(context);
  const matchLabels = { [context.unique]: 'true' };
  await context.api
    .of(namespace)
    .patch(context.namespace, { type: 'merge', body: { metadata: { labels: matchLabels } } });
  const [plural, name] = [`${kind.toLowerCase().replace(/y$/, 'ies')}`, `${context.unique}.policy.example.com`];
  const bindings = `${kind.toLowerCase()}bindings`;
  const remove = (path: string) => () => rest({ ...context, signal: AbortSignal.timeout(10_000) }).delete(path);
  context.cleanup(remove(`${GROUP}/${plural}/${name}`));
  await create(`${GROUP}/${plural}`, {
    metadata: { name },
    spec: { matchConstraints: { namespaceSelector: { matchLabels }, resourceRules: [deployments] }, ...spec },
  });
  const binding = `${context.unique}.binding.example.com`;
  context.cleanup(remove(`${GROUP}/${bindings}/${binding}`));
  await create(`${GROUP}/${bindings}`, {
    metadata: { name: binding },
    spec: {
      policyName: name,
      matchResources: { namespaceSelector: { matchLabels } },
      ...(kind === 'ValidatingAdmissionPolicy' ? { validationActions: ['Deny'] } : {}),
    },
  });
}

const deploymentsOf = ({ namespace: of }: TestContext): string => `/apis/apps/v1/namespaces/${of}/deployments`;

/** Waits until one that breaks the policy is turned away, and gives what was said. */
async function markerIsDenied(context: TestContext): Promise<string> {
  const { create, delete: remove } = rest(context);
  let said = '';
  await until(context, 'the policy in force', IN_FORCE_MS, async () => {
    try {
      await create(deploymentsOf(context), workload('marker-deployment', 1));
      await remove(`${deploymentsOf(context)}/marker-deployment`);
      return false;
    } catch (error) {
      if (!hasReason(error, 'Invalid')) throw error;
      said = (error as Error).message;
      return true;
    }
  });
  return said;
}

/** What breaks the policy as a Deployment is none of its business as a ReplicaSet. */
const otherKindsPass = ({ api, namespace: of }: TestContext): Promise<unknown> =>
  api
    .of(replicaSet)
    .create({ ...workload('non-replicated', 1), metadata: { name: 'non-replicated', namespace: of, labels } });

const validating = [
  conformanceTest(`${VALIDATING} validate against a Deployment`, async (context) => {
    await inForce(context, 'ValidatingAdmissionPolicy', {
      validations: [
        {
          expression: 'object.spec.replicas > 1',
          messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
        },
        {
          expression: 'namespaceObject.metadata.name == object.metadata.namespace',
          message: 'Internal error! Other namespace should not be allowed.',
        },
      ],
    });
    await markerIsDenied(context);
    await rest(context).create(deploymentsOf(context), workload('replicated', 2));
    await otherKindsPass(context);
  }),

  conformanceTest(`${VALIDATING} allow expressions to refer variables.`, async (context) => {
    await inForce(context, 'ValidatingAdmissionPolicy', {
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
      ],
      validations: [{ expression: 'variables.replicas > 1' }, { expression: 'variables.oddReplicas' }],
    });
    await markerIsDenied(context);
    await assert.rejects(
      rest(context).create(deploymentsOf(context), workload('replicated', 2)),
      /variables\.oddReplicas/,
    );
    await rest(context).create(deploymentsOf(context), workload('replicated', 3));
    await otherKindsPass(context);
  }),
];

const mutatedBy = (key: string, value: string): Json => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression: `Object{metadata: Object.metadata{annotations: {"${key}": "${value}"}}}` },
});

/** A new deployment, once the policy has changed one: upstream waits for half a minute instead. */
async function mutated(
  context: TestContext,
  key: string,
  metadata: Json = {},
): Promise<Readonly<Record<string, string>>> {
  const { create, delete: remove } = rest(context);
  await until(context, 'the policy in force', IN_FORCE_MS, async () => {
    const made = await create(deploymentsOf(context), workload('marker-deployment', 2));
    await remove(`${deploymentsOf(context)}/marker-deployment`);
    return made.metadata.annotations?.[key] !== undefined;
  });
  const made = await create(deploymentsOf(context), workload('test-deployment', 2, metadata));
  const kept = await context.api.of(deployment).get(`${context.namespace}/test-deployment`);
  assert.equal(kept.metadata.annotations?.[key], made.metadata.annotations?.[key]);
  return made.metadata.annotations;
}

const mutating = [
  conformanceTest(`${MUTATING} mutate a Deployment`, async (context) => {
    await inForce(context, 'MutatingAdmissionPolicy', {
      reinvocationPolicy: 'Never',
      mutations: [mutatedBy('mutated-by', 'admission-policy')],
    });
    assert.equal((await mutated(context, 'mutated-by'))['mutated-by'], 'admission-policy');
  }),

  conformanceTest(`${MUTATING} mutate a Deployment with annotations`, async (context) => {
    await inForce(context, 'MutatingAdmissionPolicy', {
      reinvocationPolicy: 'Never',
      matchConditions: [{ name: 'two', expression: 'object.spec.replicas == 2' }],
      variables: [{ name: 'by', expression: "'admission-' + 'policy'" }],
      mutations: [
        mutatedBy('my-foo-annotation', 'myAnnotationValue'),
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression:
              '[JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.com/mutated-by"), value: variables.by}]',
          },
        },
      ],
    });
    const annotations = await mutated(context, 'my-foo-annotation', { annotations: { own: 'kept' } });
    assert.equal(annotations['my-foo-annotation'], 'myAnnotationValue');
    assert.equal(annotations['example.com/mutated-by'], 'admission-policy');
    assert.equal(annotations['own'], 'kept');
  }),
];

const matchConstraints = { resourceRules: [{ ...deployments, operations: ['CREATE'] as const }] };
const spec = { matchConstraints, validations: [{ expression: 'object.spec.replicas <= 100' }] };
const ready = (reason: string): Json => ({
  type: 'PolicyReady',
  status: 'True',
  reason,
  message: 'policy is ready',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const hasReady =
  (reason: string) =>
  ({ status }: Json): boolean =>
    status?.conditions?.some((one: Json) => one.type === 'PolicyReady' && one.reason === reason) ?? false;

const operations = [
  conformanceTest(`${VALIDATING} support ValidatingAdmissionPolicy API operations`, async (context) => {
    await runOperations(context, { kind: validatingAdmissionPolicy, template: { spec } as never });
    const { create, get, patch, replace, delete: remove } = rest(context);
    const policies = `${GROUP}/validatingadmissionpolicies`;
    const path = `${policies}/${(await create(policies, { metadata: { generateName: 'e2e-example-vap-' }, spec })).metadata.name}`;
    context.cleanup(() => rest({ ...context, signal: AbortSignal.timeout(10_000) }).delete(path));
    assert.ok(
      hasReady('Patched')(await patch(`${path}/status`, 'merge', { status: { conditions: [ready('Patched')] } })),
    );
    await until(context, 'the update of the status', IN_FORCE_MS, async () => {
      const current = await get(`${path}/status`);
      assert.ok(hasReady('Patched')(current));
      try {
        return hasReady('Updated')(
          await replace(`${path}/status`, {
            ...current,
            status: { ...current.status, conditions: [ready('Updated')] },
          }),
        );
      } catch (error) {
        if (hasReason(error, 'Conflict')) return false;
        throw error;
      }
    });
    await remove(path);
  }),
  conformanceTest(`${VALIDATING} support ValidatingAdmissionPolicyBinding API operations`, (context) =>
    runOperations(context, {
      kind: validatingAdmissionPolicyBinding,
      template: { spec: { policyName: 'replicalimit-policy.example.com', validationActions: ['Deny'] } } as never,
    }),
  ),
  conformanceTest(`${MUTATING} support MutatingAdmissionPolicy API operations`, (context) =>
    runOperations(context, {
      kind: mutatingAdmissionPolicy,
      template: {
        spec: {
          reinvocationPolicy: 'Never',
          matchConstraints,
          mutations: [mutatedBy('my-foo-annotation', 'myAnnotationValue')],
        },
      } as never,
    }),
  ),
  conformanceTest(`${MUTATING} support MutatingAdmissionPolicyBinding API operations`, (context) =>
    runOperations(context, {
      kind: mutatingAdmissionPolicyBinding,
      template: { spec: { policyName: 'replicalimit-policy.example.com' } } as never,
    }),
  ),
];

export const policyTests = [...validating, ...mutating, ...operations];
