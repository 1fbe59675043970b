import { namespace as namespaceKind, type PolicyVariable, PolicyExpressions, REQUEST_RESOURCE } from '@navarch/api';
import {
  type ApiObject,
  asCelOwn,
  Budget,
  CALL_COST_MAX,
  CelError,
  CelSyntaxError,
  type Kind,
} from '@navarch/machinery';
import type { AdmissionContext } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';
import { requestOf } from '../shown-request.ts';
import { AuthorizerValue, policyFunctionsHere } from './authorizer-value.ts';

/** What all expressions of one policy on one object may cost. */
const POLICY_COST_MAX = 10_000_000;

export interface Subject {
  readonly request: AdmissionRequest;
  readonly context: AdmissionContext;
  /** The version that the policy asked for. */
  readonly kind: Kind<any>;
  readonly object: ApiObject | undefined;
  readonly params?: ApiObject | undefined;
  readonly variables?: readonly PolicyVariable[];
  /** What compiles the expressions; those of webhooks have an environment of their own. */
  readonly expressions?: PolicyExpressions;
}

/** The values that expressions see, each made when it is first asked for, and what evaluates with them. */
export class Evaluator {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #expressions: PolicyExpressions;
  readonly #budget = new Budget(POLICY_COST_MAX);

  constructor({ request, context, kind, object, params, variables = [], expressions }: Subject) {
    const { access, registry, patterns } = context;
    this.#expressions = expressions ?? new PolicyExpressions({ patterns, functions: policyFunctionsHere });
    const authorizer = new AuthorizerValue(access, request.user);
    const shown = (held: ApiObject | undefined): unknown =>
      held && kind !== request.kind && kind.hub ? kind.hub.fromHub(held) : (held ?? null);
    const namespace = request.kind.namespaced ? registry.of(namespaceKind).find('', request.namespace) : undefined;
    const place = {
      group: kind.group,
      resource: kind.plural,
      subresource: request.subresource,
      namespace: request.namespace,
      name: request.name,
    };
    this.#values = {
      object: () => shown(object),
      oldObject: () => shown(request.operation === 'CREATE' ? undefined : request.previous),
      request: () => ({ ...requestOf({ request, kind, object: undefined, uid: '' }), object: null, oldObject: null }),
      params: params ?? null,
      namespaceObject: namespace ?? null,
      authorizer,
      variables: this.#lazily(variables),
      [REQUEST_RESOURCE]: authorizer.with('ResourceCheck', place),
    };
  }

  /** Throws CelError, with the expression in its words. */
  evaluate(source: string): unknown {
    try {
      return this.#expressions.compile(source).evaluate(this.#values, new Budget(CALL_COST_MAX, this.#budget));
    } catch (error) {
      if (!(error instanceof CelError) && !(error instanceof CelSyntaxError)) throw error;
      throw new CelError(`expression '${source}' resulted in error: ${error.message}`);
    }
  }

  /** `variables.name`: each evaluated at most once, and only when it is asked for. */
  #lazily(variables: NonNullable<Subject['variables']>): object {
    const made = {};
    for (const { name, expression: source } of variables) {
      let known: { readonly value: unknown } | undefined;
      Object.defineProperty(made, name, {
        enumerable: true,
        get: () => (known ??= { value: this.evaluate(source) }).value,
      });
    }
    return asCelOwn(made);
  }
}

/**
 * Whether all conditions hold. One that is false decides even when another fails; a failure throws where the policy is
 * to fail, and means no otherwise.
 */
export function conditionsHold(
  conditions: readonly { readonly name: string; readonly expression: string }[],
  evaluator: Evaluator,
  failurePolicy: string | undefined,
): boolean {
  let failure: CelError | undefined;
  for (const { expression: source } of conditions) {
    try {
      if (evaluator.evaluate(source) !== true) return false;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      failure ??= error;
    }
  }
  if (failure && failurePolicy !== 'Ignore') throw failure;
  return failure === undefined;
}
