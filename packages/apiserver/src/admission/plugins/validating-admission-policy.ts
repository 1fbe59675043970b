import { validatingAdmissionPolicy, validatingAdmissionPolicyBinding } from '@navarch/api';
import { CelError, forbidden, StatusError } from '@navarch/machinery';
import { type AdmissionRequest, defineAdmissionPlugin } from '../admission.ts';
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
    const shown = request.operation === 'DELETE' ? undefined : object;
    const failed = (policy: ValidatingPolicy, binding: Binding, error: Error): void => {
      if (!(error instanceof StatusError) && policy.spec.failurePolicy === 'Ignore') return;
      throw error instanceof StatusError ? error : denial(request, policy, binding, error.message);
    };
    for (const { policy, binding, evaluator } of casesOf<ValidatingPolicy>(KINDS, shown, request, context, failed)) {
      const values = evaluator(shown);
      for (const validation of policy.spec.validations ?? []) {
        const complaint = judged(validation, values, policy);
        if (complaint !== undefined) enforce(complaint, validation, { request, policy, binding });
      }
    }
  },
});

/** What is wrong by one validation; undefined: nothing. */
function judged(
  { expression, message, messageExpression }: Validation,
  values: Evaluator,
  { spec }: ValidatingPolicy,
): string | undefined {
  try {
    if (values.evaluate(expression) === true) return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return spec.failurePolicy === 'Ignore' ? undefined : error.message;
  }
  return made(messageExpression, values) ?? (message?.trim() || `failed expression: ${expression.trim()}`);
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
  const { status } = forbidden(
    kind,
    name,
    `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`,
  );
  return new StatusError({
    ...status,
    reason,
    code: CODES[reason] ?? 422,
    details: { ...status.details, causes: [{ message }] },
  });
}
