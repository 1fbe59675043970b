import { complaintOf, PolicyExpressions } from '@navarch/api';
import type { ApiObject, Field } from '@navarch/machinery';
import { defineAdmissionPlugin } from '../admission.ts';
import { policyFunctionsHere } from '../policies/authorizer-value.ts';
import { environmentOf, type Policy } from '../policies/policy.ts';

const GROUP = 'admissionregistration.k8s.io';
type Conditions = readonly { readonly expression: string }[];

interface Expressions extends ApiObject {
  readonly spec?: Policy['spec'] & {
    readonly validations?: readonly { readonly expression: string; readonly messageExpression?: string }[];
    readonly auditAnnotations?: readonly { readonly valueExpression: string }[];
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
  validate({ spec, webhooks }, at, _request, { patterns }) {
    const ofWebhooks = new PolicyExpressions({ patterns, functions: policyFunctionsHere });
    webhooks?.forEach((webhook, i) =>
      checkAll(webhook.matchConditions, at.at('webhooks').index(i).at('matchConditions'), ofWebhooks, ['bool']),
    );
    if (spec) checkPolicy(spec, at.at('spec'), new PolicyExpressions(environmentOf(spec, patterns)));
  },
});

type Spec = NonNullable<Expressions['spec']>;

function checkPolicy(
  { variables, matchConditions, validations, auditAnnotations, mutations }: Spec,
  at: Field,
  expressions: PolicyExpressions,
): void {
  checkAll(variables, at.at('variables'), expressions, []);
  checkAll(matchConditions, at.at('matchConditions'), expressions, ['bool']);
  checkAll(validations, at.at('validations'), expressions, ['bool']);
  validations?.forEach(({ messageExpression }, i) =>
    check(messageExpression, at.at('validations').index(i).at('messageExpression'), (source) =>
      complaintOf(expressions, source, ['string'], false),
    ),
  );
  auditAnnotations?.forEach(({ valueExpression }, i) =>
    check(valueExpression, at.at('auditAnnotations').index(i).at('valueExpression'), (source) =>
      complaintOf(expressions, source, ['string', 'null_type']),
    ),
  );
  mutations?.forEach((mutation, i) => {
    const here = at.at('mutations').index(i);
    check(mutation.applyConfiguration?.expression, here.at('applyConfiguration', 'expression'), (source) =>
      complaintOf(expressions, source, ['Object']),
    );
    check(mutation.jsonPatch?.expression, here.at('jsonPatch', 'expression'), (source) =>
      complaintOf(expressions, source, ['list(JSONPatch)']),
    );
  });
}

const checkAll = (
  conditions: Conditions | undefined,
  at: Field,
  expressions: PolicyExpressions,
  wanted: readonly string[],
): void =>
  conditions?.forEach(({ expression }, i) =>
    check(expression, at.index(i).at('expression'), (source) => complaintOf(expressions, source, wanted)),
  );

function check(source: string | undefined, at: Field, complaint: (source: string) => string | undefined): void {
  if (!source) return;
  const words = complaint(source);
  if (words !== undefined) at.invalid(source, words);
}
