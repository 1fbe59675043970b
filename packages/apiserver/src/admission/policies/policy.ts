import { type PolicyEnvironment, PolicyExpressions, type PolicyVariable } from '@navarch/api';
import {
  type ApiObject,
  apiVersionOf,
  compileLabelSelector,
  type Kind,
  type LabelSelector,
  type Patterns,
} from '@navarch/machinery';
import type { Registry } from '../../registry/registry.ts';
import { type AdmissionContext, resourceOf } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';
import type { Matching, Rule } from '../webhooks/configuration.ts';
import { wantedKind } from '../webhooks/matching.ts';
import { policyFunctionsHere } from './authorizer-value.ts';
import { conditionsHold, Evaluator } from './expressions.ts';

interface MatchResources extends Omit<Matching, 'rules' | 'excluded'> {
  readonly resourceRules?: readonly Rule[];
  readonly excludeResourceRules?: readonly Rule[];
}

interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: LabelSelector;
  readonly parameterNotFoundAction?: string;
}

/** What a mutating policy makes of an object: one of the two. */
export interface Mutation {
  readonly patchType: string;
  readonly applyConfiguration?: { readonly expression?: string };
  readonly jsonPatch?: { readonly expression?: string };
}

/** What validating and mutating policies have in common (admissionregistration.k8s.io/v1). */
export interface Policy extends ApiObject {
  readonly spec: {
    readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string };
    readonly matchConstraints?: MatchResources;
    readonly failurePolicy?: string;
    readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
    readonly variables?: readonly PolicyVariable[];
    readonly mutations?: readonly Mutation[];
  };
}

/** Compiled as long as a policy is as it is. */
const compiled = new WeakMap<Policy['spec'], PolicyExpressions>();

function expressionsOf({ spec }: Policy, { patterns }: AdmissionContext): PolicyExpressions {
  let known = compiled.get(spec);
  if (!known) compiled.set(spec, (known = new PolicyExpressions(environmentOf(spec, patterns))));
  return known;
}

/** What the expressions of a policy may use. */
export const environmentOf = (
  { paramKind, variables = [], mutations }: Policy['spec'],
  patterns: Patterns,
): PolicyEnvironment => ({
  patterns,
  functions: policyFunctionsHere,
  hasParams: paramKind !== undefined,
  isMutating: mutations !== undefined,
  variables,
});

export interface Binding extends ApiObject {
  readonly spec: {
    readonly policyName?: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
    readonly validationActions?: readonly string[];
  };
}

/** A policy that is about a request by one of its bindings, with one of the binding's parameters. */
export interface Case<P extends Policy> {
  readonly policy: P;
  readonly binding: Binding;
  readonly kind: Kind<any>;
  /** Fresh for each case: its budget is its own. */
  evaluator(object: ApiObject | undefined): Evaluator;
}

export interface Kinds {
  readonly policies: Kind<any>;
  readonly bindings: Kind<any>;
}

const matchingOf = ({ resourceRules, excludeResourceRules, ...rest }: MatchResources): Matching => ({
  ...rest,
  rules: resourceRules ?? [],
  excluded: excludeResourceRules ?? [],
});

/** What is asked of authenticators and authorizers, and changes nothing: policies are not about it. */
const EXCLUDED: ReadonlySet<string> = new Set([
  'authentication.k8s.io/selfsubjectreviews',
  'authentication.k8s.io/tokenreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authorization.k8s.io/subjectaccessreviews',
]);

/**
 * Every case in which a policy is about the request. What goes wrong on the way (no parameters, a condition that fails)
 * is handed to `failed`, which throws or not by the policy's failure policy.
 */
export function* casesOf<P extends Policy>(
  kinds: Kinds,
  object: ApiObject | undefined,
  request: AdmissionRequest,
  context: AdmissionContext,
  failed: (policy: P, binding: Binding, error: Error) => void,
): Generator<Case<P>> {
  const { registry } = context;
  const bindings = all<Binding>(registry, kinds.bindings);
  if (bindings.length === 0 || EXCLUDED.has(resourceOf(request))) return;
  for (const policy of all<P>(registry, kinds.policies)) {
    const kind =
      policy.spec.matchConstraints && wantedKind(matchingOf(policy.spec.matchConstraints), request, context, object);
    if (!kind) continue;
    for (const binding of bindings) {
      if (binding.spec.policyName !== policy.metadata.name || !isBound(binding, request, context, object)) continue;
      try {
        for (const params of paramsOf(policy, binding, request, registry)) {
          const evaluator = (current: ApiObject | undefined): Evaluator =>
            new Evaluator({
              request,
              context,
              kind,
              object: current,
              params,
              variables: policy.spec.variables ?? [],
              expressions: expressionsOf(policy, context),
            });
          if (conditionsHold(policy.spec.matchConditions ?? [], evaluator(object), policy.spec.failurePolicy))
            yield { policy, binding, kind, evaluator };
        }
      } catch (error) {
        failed(policy, binding, error as Error);
      }
    }
  }
}

function all<O extends ApiObject>(registry: Registry, kind: Kind<any>): readonly O[] {
  const { cache } = registry.of(kind).shelf;
  return [...cache.range(cache.prefix)].map((cached) => cached.object as O);
}

function isBound(
  { spec }: Binding,
  request: AdmissionRequest,
  context: AdmissionContext,
  object: ApiObject | undefined,
): boolean {
  const { matchResources } = spec;
  if (!matchResources) return true;
  // A binding without rules narrows by its selectors alone.
  const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];
  return (
    wantedKind(
      {
        ...matchingOf(matchResources),
        rules: matchResources.resourceRules?.length ? matchResources.resourceRules : everything,
      },
      request,
      context,
      object,
    ) !== undefined
  );
}

/** The parameters of a binding: one undefined where the policy has none. Throws Error where they must be there and are not. */
function paramsOf(
  { spec }: Policy,
  binding: Binding,
  request: AdmissionRequest,
  registry: Registry,
): readonly (ApiObject | undefined)[] {
  const { paramRef } = binding.spec;
  if (!spec.paramKind) return [undefined];
  // The policy takes parameters, the binding has none: expressions see null.
  if (!paramRef) return [undefined];
  const kind = registry.kinds.find(
    (candidate) => apiVersionOf(candidate) === spec.paramKind?.apiVersion && candidate.kind === spec.paramKind?.kind,
  );
  if (!kind)
    throw new Error(
      `failed to find resource referenced by paramKind: '${spec.paramKind.apiVersion}, Kind=${spec.paramKind.kind}'`,
    );
  const namespace = kind.namespaced ? (paramRef.namespace ?? request.namespace) : '';
  if (kind.namespaced && namespace === '')
    throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  const resource = registry.of(kind);
  const named = paramRef.name ? resource.find(namespace, paramRef.name) : undefined;
  const selector = paramRef.selector && compileLabelSelector(paramRef.selector);
  const found = paramRef.name
    ? named
      ? [named]
      : []
    : [...resource.shelf.cache.range(resource.shelf.prefixOf(namespace))]
        .map((cached) => resource.view(cached.object))
        .filter((params) => selector?.matches(params.metadata.labels) ?? false);
  if (found.length === 0 && paramRef.parameterNotFoundAction !== 'Allow')
    throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
  return found;
}
