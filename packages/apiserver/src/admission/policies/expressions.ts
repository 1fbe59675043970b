import { namespace as namespaceKind } from '@navarch/api';
import {
  type ApiObject,
  asCelOwn,
  backtrackingPatterns,
  Budget,
  type Cel,
  CelError,
  celMatching,
  CelSyntaxError,
  compileCel,
  type Kind,
  type Patterns,
} from '@navarch/machinery';
import type { AdmissionContext, AdmissionRequest } from '../admission.ts';
import { requestOf } from '../shown-request.ts';
import { authorizerFunctions, AuthorizerValue } from './authorizer-value.ts';

/** Names that expressions of policies may use. */
export const POLICY_VARIABLES = [
  'object',
  'oldObject',
  'request',
  'params',
  'namespaceObject',
  'authorizer',
  'variables',
] as const;
export const CONDITION_VARIABLES = ['object', 'oldObject', 'request', 'authorizer'] as const;

/** Expressions compiled; more than these are compiled anew. */
const COMPILED_MAX = 10_000;
const compiledBy = new WeakMap<Patterns, Map<string, Cel | CelSyntaxError>>();

/** Compiled once for each text. Throws CelSyntaxError. */
export function expression(
  source: string,
  variables: readonly string[] = POLICY_VARIABLES,
  patterns: Patterns = backtrackingPatterns,
): Cel {
  let compiled = compiledBy.get(patterns);
  if (!compiled) compiledBy.set(patterns, (compiled = new Map()));
  const key = `${variables.length} ${source}`;
  let known = compiled.get(key);
  if (!known) {
    known = tried(source, variables, patterns);
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    compiled.set(key, known);
  }
  if (known instanceof CelSyntaxError) throw known;
  return known;
}

function tried(source: string, variables: readonly string[], patterns: Patterns): Cel | CelSyntaxError {
  try {
    return compileCel(source, { variables, functions: { ...authorizerFunctions, ...celMatching(patterns) } });
  } catch (error) {
    if (error instanceof CelSyntaxError) return error;
    throw error;
  }
}

/** Steps for all expressions of one policy on one object. */
const POLICY_STEPS_MAX = 2_000_000;

export interface Subject {
  readonly request: AdmissionRequest;
  readonly context: AdmissionContext;
  /** The version that the policy asked for. */
  readonly kind: Kind<any>;
  readonly object: ApiObject | undefined;
  readonly params?: ApiObject | undefined;
  readonly variables?: readonly { readonly name: string; readonly expression: string }[];
}

/** The values that expressions see, each made when it is first asked for, and what evaluates with them. */
export class Evaluator {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #patterns: Patterns;
  readonly #budget = new Budget(POLICY_STEPS_MAX);

  constructor({ request, context, kind, object, params, variables = [] }: Subject) {
    const { access, registry, patterns } = context;
    this.#patterns = patterns;
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
      [REQUEST_RESOURCE]: authorizer.with(place),
    };
  }

  /** Throws CelError, with the expression in its words. */
  evaluate(source: string, names: readonly string[] = POLICY_VARIABLES): unknown {
    try {
      return expression(
        source.replaceAll('authorizer.requestResource', REQUEST_RESOURCE),
        [...names, REQUEST_RESOURCE],
        this.#patterns,
      ).evaluate(this.#values, this.#budget);
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
const REQUEST_RESOURCE = 'authorizerOfRequestResource';

/**
 * Whether all conditions hold. One that is false decides even when another fails; a failure throws where the policy is
 * to fail, and means no otherwise.
 */
export function conditionsHold(
  conditions: readonly { readonly name: string; readonly expression: string }[],
  evaluator: Evaluator,
  failurePolicy: string | undefined,
  names: readonly string[],
): boolean {
  let failure: CelError | undefined;
  for (const { expression: source } of conditions) {
    try {
      if (evaluator.evaluate(source, names) !== true) return false;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      failure ??= error;
    }
  }
  if (failure && failurePolicy !== 'Ignore') throw failure;
  return failure === undefined;
}
