import { type ApiObject, CelSyntaxError, type Field } from '@navarch/machinery';
import { defineAdmissionPlugin } from '../admission.ts';
import { CONDITION_VARIABLES, expression, POLICY_VARIABLES } from '../policies/expressions.ts';
import type { Policy } from '../policies/policy.ts';

const GROUP = 'admissionregistration.k8s.io';
type Conditions = readonly { readonly expression: string }[];

interface Expressions extends ApiObject {
  readonly spec?: Policy['spec'] & {
    readonly validations?: readonly { readonly expression: string; readonly messageExpression?: string }[];
    readonly auditAnnotations?: readonly { readonly valueExpression: string }[];
    readonly mutations?: readonly {
      readonly applyConfiguration?: { readonly expression?: string };
      readonly jsonPatch?: { readonly expression?: string };
    }[];
  };
  readonly webhooks?: readonly { readonly matchConditions?: Conditions }[];
}

/** Expressions that can never be evaluated are refused where they are written, not at the requests they are about. */
export const expressionCheck = defineAdmissionPlugin<Expressions>({
  name: 'AdmissionExpressions',
  on: {
    resources: [
      'validatingadmissionpolicies',
      'mutatingadmissionpolicies',
      'validatingwebhookconfigurations',
      'mutatingwebhookconfigurations',
    ].map((name) => `${GROUP}/${name}`),
    operations: ['CREATE', 'UPDATE'],
  },
  validate({ spec, webhooks }, at) {
    webhooks?.forEach((webhook, i) =>
      checkAll(webhook.matchConditions, at.at('webhooks').index(i).at('matchConditions'), CONDITION_VARIABLES),
    );
    if (!spec) return;
    const here = at.at('spec');
    checkAll(spec.variables, here.at('variables'), POLICY_VARIABLES);
    checkAll(spec.matchConditions, here.at('matchConditions'), POLICY_VARIABLES);
    checkAll(spec.validations, here.at('validations'), POLICY_VARIABLES);
    spec.validations?.forEach(({ messageExpression }, i) =>
      check(messageExpression, here.at('validations').index(i).at('messageExpression'), POLICY_VARIABLES),
    );
    spec.auditAnnotations?.forEach(({ valueExpression }, i) =>
      check(valueExpression, here.at('auditAnnotations').index(i).at('valueExpression'), POLICY_VARIABLES),
    );
    spec.mutations?.forEach(({ applyConfiguration, jsonPatch }, i) => {
      check(
        applyConfiguration?.expression,
        here.at('mutations').index(i).at('applyConfiguration', 'expression'),
        POLICY_VARIABLES,
      );
      check(jsonPatch?.expression, here.at('mutations').index(i).at('jsonPatch', 'expression'), POLICY_VARIABLES);
    });
  },
});

const checkAll = (conditions: Conditions | undefined, at: Field, names: readonly string[]): void =>
  conditions?.forEach((condition, i) => check(condition.expression, at.index(i).at('expression'), names));

function check(source: string | undefined, at: Field, names: readonly string[]): void {
  if (!source) return;
  try {
    expression(source, names);
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    at.invalid(source, `compilation failed: ${error.message}`);
  }
}
