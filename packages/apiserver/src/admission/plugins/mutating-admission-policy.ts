import { mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding } from '@navarch/api';
import {
  type ApiObject,
  apiVersionOf,
  applyConfig,
  CelError,
  celToJson,
  cloneJson,
  DecodeError,
  equalJson,
  forbidden,
  jsonPatch,
  type Kind,
  type Mutable,
  StatusError,
} from '@navarch/machinery';
import { emptyOf, unmanaged } from '../../registry/field-management.ts';
import { defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';
import { type Binding, type Case, casesOf, type Mutation, type Policy } from '../policies/policy.ts';
import { takeOver } from '../webhooks/patching.ts';

interface MutatingPolicy extends Policy {
  readonly spec: Policy['spec'] & { readonly reinvocationPolicy?: string };
}

const KINDS = { policies: mutatingAdmissionPolicy, bindings: mutatingAdmissionPolicyBinding };

/** Changes what comes in by the expressions of people's policies, one after the other (KEP-3962). */
export const mutatingAdmissionPolicies = defineAdmissionPlugin({
  name: 'MutatingAdmissionPolicy',
  on: { operations: ['CREATE', 'UPDATE', 'CONNECT'], subresources: '*' },
  mutate(draft, request, context) {
    if (context.registry.of(mutatingAdmissionPolicyBinding).shelf.cache.size === 0) return false;
    const failed = (policy: MutatingPolicy, binding: Binding, error: Error): void => {
      if (error instanceof StatusError) throw error;
      if (policy.spec.failurePolicy === 'Ignore') return;
      throw forbidden(
        request.kind,
        request.name,
        `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${error.message}`,
      );
    };
    const run = (isAgain: boolean): boolean => {
      const before = cloneJson(draft);
      for (const found of casesOf<MutatingPolicy>(KINDS, draft as ApiObject, request, context, failed)) {
        if (!isAgain || found.policy.spec.reinvocationPolicy === 'IfNeeded') mutateBy(found, draft, request, failed);
      }
      return !equalJson(before, draft);
    };
    const isChanged = run(false);
    // Once more for those who want to see what others made of it.
    return (isChanged && run(true)) || isChanged;
  },
});

function mutateBy(
  { policy, binding, kind, evaluator }: Case<MutatingPolicy>,
  draft: Mutable<ApiObject>,
  request: AdmissionRequest,
  failed: (policy: MutatingPolicy, binding: Binding, error: Error) => void,
): void {
  for (const mutation of policy.spec.mutations ?? []) {
    try {
      takeOver(
        draft,
        mutated(mutation, draft as ApiObject, kind, request.kind, (source) =>
          celToJson(evaluator(draft as ApiObject).evaluate(source)),
        ),
      );
    } catch (error) {
      if (!(error instanceof CelError) && !(error instanceof StatusError) && !(error instanceof DecodeError))
        throw error;
      failed(policy, binding, new Error(error.message));
    }
  }
}

/** The object in the stored version after one mutation. */
function mutated(
  { patchType, applyConfiguration, jsonPatch: patch }: Mutation,
  draft: ApiObject,
  kind: Kind<any>,
  stored: Kind<any>,
  evaluate: (source: string) => unknown,
): ApiObject {
  const shown = kind !== stored && kind.hub ? kind.hub.fromHub(draft) : draft;
  const next =
    patchType === 'JSONPatch'
      ? jsonPatch(shown, evaluate(patch?.expression ?? ''))
      : applied(shown, evaluate(applyConfiguration?.expression ?? ''), kind);
  if ((draft.kind ?? stored.kind) !== stored.kind) return next as ApiObject;
  const decoded = kind.decode(next).value as unknown as ApiObject;
  return kind !== stored && kind.hub ? kind.hub.toHub(decoded) : decoded;
}

/** Merges as server-side apply does; nobody comes to own what policies set. */
function applied(shown: ApiObject, config: unknown, kind: Kind<any>): object {
  if (typeof config !== 'object' || config === null) throw new CelError('must evaluate to Object');
  const empty = emptyOf(kind);
  const { object } = applyConfig({
    schema: kind.schema,
    empty,
    live: unmanaged(shown),
    owners: [],
    config: { ...config, apiVersion: apiVersionOf(kind), kind: kind.kind },
    force: true,
    ignored: {},
    writer: { manager: 'admission', apiVersion: apiVersionOf(kind), subresource: '', time: '1970-01-01T00:00:00Z' },
  });
  const { managedFields } = shown.metadata;
  return { ...object, metadata: { ...(object['metadata'] as object), ...(managedFields ? { managedFields } : {}) } };
}
