import { complaintOf, PolicyExpressions, policyFunctions, type PolicyVariable } from '@navarch/api';
import { apiVersionOf, backtrackingPatterns, celTypeOf, type Kind } from '@navarch/machinery';

/** More kinds of one rule are not looked at. */
const KINDS_MAX = 10;

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
}

export interface CheckedPolicy {
  readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string };
  readonly matchConstraints?: { readonly resourceRules?: readonly Rule[] };
  readonly variables?: readonly PolicyVariable[];
  readonly validations?: readonly { readonly expression: string; readonly messageExpression?: string }[];
}

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

/** Only the types of expressions are looked at: nobody is ever asked. */
const functions = policyFunctions<never, never>({
  with: (question) => question,
  asServiceAccount: (question) => question,
  check: (question) => question,
  isAllowed: () => false,
  reason: () => '',
});

/** What in a policy's validations does not go with the kinds that it names (KEP-3488, "type checking"). */
export function typeWarnings(spec: CheckedPolicy, kinds: readonly Kind<any>[]): readonly ExpressionWarning[] {
  const { paramKind, variables = [], validations = [] } = spec;
  const params = kinds.find((kind) => apiVersionOf(kind) === paramKind?.apiVersion && kind.kind === paramKind?.kind);
  const environments = namedKinds(spec, kinds).map((kind) => ({
    kind,
    expressions: new PolicyExpressions({
      patterns: backtrackingPatterns,
      functions,
      variables,
      hasParams: paramKind !== undefined,
      objectType: celTypeOf(kind.schema),
      ...(params ? { paramsType: celTypeOf(params.schema) } : {}),
    }),
  }));
  const check = (source: string | undefined, fieldRef: string): readonly ExpressionWarning[] => {
    const warnings = environments.flatMap(({ kind, expressions }) => {
      const complaint = source ? complaintOf(expressions, source, []) : undefined;
      return complaint === undefined ? [] : [`${kind.group}/${kind.version}, Kind=${kind.kind}: ${complaint}\n`];
    });
    return warnings.length === 0 ? [] : [{ fieldRef, warning: warnings.join('\n') }];
  };
  return validations.flatMap(({ expression, messageExpression }, i) => [
    ...check(expression, `spec.validations[${i}].expression`),
    ...check(messageExpression, `spec.validations[${i}].messageExpression`),
  ]);
}

/** Kinds that the policy is about by name: what it leaves open is not looked at. */
function namedKinds({ matchConstraints }: CheckedPolicy, kinds: readonly Kind<any>[]): readonly Kind<any>[] {
  const found = new Set<Kind<any>>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) continue;
    const named = kinds.filter(
      ({ group, version, plural }) =>
        apiGroups.includes(group) && apiVersions.includes(version) && resources.includes(plural),
    );
    for (const kind of named.slice(0, KINDS_MAX)) found.add(kind);
  }
  return [...found].toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

const nameOf = ({ group, version, kind }: Kind<any>): string => `${group}\u0000${version}\u0000${kind}`;
