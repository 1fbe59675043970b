import { validatingAdmissionPolicy, validatingAdmissionPolicyBinding } from '@navarch/api';
import { CelError, forbidden, StatusError } from '@navarch/machinery';
import { type AdmissionContext, defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';
import type { Evaluator } from '../policies/expressions.ts';
import { type Binding, casesOf, type Policy } from '../policies/policy.ts';

interface Validation {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
}

interface ValidatingPolicy extends Policy {
  readonly spec: Policy['spec'] & { readonly validations?: readonly Validation[] };
}

const KINDS = { policies: validatingAdmissionPolicy, bindings: validatingAdmissionPolicyBinding };
const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  Invalid: 422,
  RequestEntityTooLarge: 413,
};
/** Longer messages made by expressions are not told. */
const MESSAGE_BYTES_MAX = 5 * 1024;

/** Refuses by the expressions of people's policies, or tells, as the binding says (KEP-3488). */
export const validatingAdmissionPolicies = defineAdmissionPlugin({
  name: 'ValidatingAdmissionPolicy',
  on: { operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], subresources: '*' },
  validate(object, _at, request, context) {
    if (context.registry.of(validatingAdmissionPolicyBinding).shelf.cache.size === 0) return;
    const shown = request.operation === 'DELETE' ? undefined : object;
    const failed = (policy: ValidatingPolicy, binding: Binding, error: Error): void => {
      if (!(error instanceof StatusError) && policy.spec.failurePolicy === 'Ignore') return;
      throw error instanceof StatusError ? error : denial(request, policy, binding, error.message);
    };
    for (const { policy, binding, evaluator } of casesOf<ValidatingPolicy>(KINDS, shown, request, context, failed)) {
      const values = evaluator(shown);
      for (const validation of policy.spec.validations ?? []) {
        const began = context.measures.now();
        const verdict = judged(validation, values, policy);
        count(verdict, policy, binding, context, began);
        if (verdict.complaint !== undefined) enforce(verdict.complaint, validation, { request, policy, binding });
      }
    }
  },
});

interface Verdict {
  /** What is wrong; absent: nothing, or nothing that matters. */
  readonly complaint?: string;
  /** The expression could not be evaluated. */
  readonly isFailure?: boolean;
}

/** Only what did not simply hold is counted, once for each thing that is done about it. */
function count(
  { complaint, isFailure = false }: Verdict,
  policy: Policy,
  binding: Binding,
  { measures }: AdmissionContext,
  began: number,
): void {
  if (complaint === undefined && !isFailure) return;
  const actions =
    complaint === undefined
      ? (['allow'] as const)
      : (binding.spec.validationActions ?? ['Deny']).map((action) => action.toLowerCase() as 'audit' | 'deny' | 'warn');
  const outcome = {
    policy: policy.metadata.name,
    binding: binding.metadata.name,
    error: isFailure ? 'invalid_error' : 'no_error',
    seconds: (measures.now() - began) / 1000,
  } as const;
  for (const action of actions) measures.policy({ ...outcome, action });
}

/** What one validation says. */
function judged(
  { expression, message, messageExpression }: Validation,
  values: Evaluator,
  { spec }: ValidatingPolicy,
): Verdict {
  try {
    if (values.evaluate(expression) === true) return {};
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return spec.failurePolicy === 'Ignore' ? { isFailure: true } : { complaint: error.message, isFailure: true };
  }
  return {
    complaint: made(messageExpression, values) ?? (message?.trim() || `failed expression: ${expression.trim()}`),
  };
}

/** The message an expression makes, where it makes a good one. */
function made(source: string | undefined, values: Evaluator): string | undefined {
  if (!source) return undefined;
  try {
    const text = values.evaluate(source);
    const isGood =
      typeof text === 'string' && text.trim() !== '' && !text.includes('\n') && text.length <= MESSAGE_BYTES_MAX;
    return isGood ? text.trim() : undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return undefined;
  }
}

function enforce(
  complaint: string,
  { reason }: Validation,
  {
    request,
    policy,
    binding,
  }: { readonly request: AdmissionRequest; readonly policy: Policy; readonly binding: Binding },
): void {
  const actions = binding.spec.validationActions ?? ['Deny'];
  if (actions.includes('Deny')) throw denial(request, policy, binding, complaint, reason);
  if (actions.includes('Warn'))
    request.warn(
      `Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}': ${complaint}`,
    );
}

function denial(
  { kind, name }: AdmissionRequest,
  policy: Policy,
  binding: Binding,
  message: string,
  reason = 'Invalid',
): StatusError {
  const whole = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`;
  const { status } = forbidden(kind, name, whole);
  return new StatusError({
    ...status,
    reason,
    code: CODES[reason] ?? 422,
    details: { ...status.details, causes: [{ message: whole }] },
  });
}
