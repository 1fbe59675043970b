import { cIdentifierErrors, type Field, type Kind, qualifiedNameErrors, dnsSubdomainErrors, dnsLabelErrors, pathSegmentErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { each, named, supportedValue } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type {
  MatchResources, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutation, ParamKind, ParamRef, ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicySpec, Validation, Variable,
} from '../../generated/types/admissionregistration-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { completeMatch, validateConditions, validateMatch } from './matching.ts';

type Group = 'admissionregistration.k8s.io';
const GROUP: Group = 'admissionregistration.k8s.io';

const paramKindText = (kind: ParamKind | undefined): string => (kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>');

function paramRefText(ref: ParamRef | undefined): string {
  if (!ref) return '<unset>';
  if (ref.name) return `${ref.namespace ?? '*'}/${ref.name}`;
  return ref.selector ? JSON.stringify(ref.selector.matchLabels ?? {}) : '<unset>';
}

export const validatingAdmissionPolicy: Kind<ValidatingAdmissionPolicy> = builtIn<ValidatingAdmissionPolicy>(`${GROUP}/v1.ValidatingAdmissionPolicy`, {
  columns: columnsOf('admissionregistration.k8s.io/ValidatingAdmissionPolicy', {
    Validations: (p) => p.spec.validations?.length ?? 0,
    ParamKind: (p) => paramKindText(p.spec.paramKind),
  }),
  behaviour: {
    updatesUnconditionally: false,
    complete({ spec }) {
      spec.failurePolicy ??= 'Fail';
      completeMatch(spec.matchConstraints);
    },
    prepareCreate(p) {
      p.status = {};
    },
    desired: (p) => [p.spec],
    validate: ({ spec }, at) => validatePolicy(spec, at.at('spec')),
    parts: { status: statusOnlyPart({}) },
  },
});

export const mutatingAdmissionPolicy: Kind<MutatingAdmissionPolicy> = builtIn<MutatingAdmissionPolicy>(`${GROUP}/v1.MutatingAdmissionPolicy`, {
  columns: columnsOf('admissionregistration.k8s.io/MutatingAdmissionPolicy', {
    Mutations: (p) => p.spec.mutations?.length ?? 0,
    ParamKind: (p) => paramKindText(p.spec.paramKind),
  }),
  behaviour: {
    updatesUnconditionally: false,
    complete({ spec }) {
      spec.failurePolicy ??= 'Fail';
      completeMatch(spec.matchConstraints);
    },
    validate({ spec }, at) {
      const here = at.at('spec');
      validateCommon(spec, here);
      if (!spec.mutations?.length) here.at('mutations').required('mutations must contain at least one item');
      each(spec.mutations, here.at('mutations'), validateMutation);
      if (!spec.reinvocationPolicy) here.at('reinvocationPolicy').required();
      else supportedValue(spec.reinvocationPolicy, ['IfNeeded', 'Never'], here.at('reinvocationPolicy'));
    },
  },
});

interface Common {
  readonly paramKind?: ParamKind;
  readonly matchConstraints?: MatchResources;
  readonly failurePolicy?: string;
  readonly matchConditions?: Parameters<typeof validateConditions>[0];
  readonly variables?: readonly Variable[];
}

function validateCommon(spec: Common, at: Field): void {
  if (spec.failurePolicy !== undefined) supportedValue(spec.failurePolicy, ['Fail', 'Ignore'], at.at('failurePolicy'));
  if (spec.paramKind) {
    if (!spec.paramKind.apiVersion) at.at('paramKind', 'apiVersion').required();
    if (!spec.paramKind.kind) at.at('paramKind', 'kind').required();
  }
  if (!spec.matchConstraints) at.at('matchConstraints').required();
  else {
    validateMatch(spec.matchConstraints, at.at('matchConstraints'));
    if (!spec.matchConstraints.resourceRules?.length) at.at('matchConstraints', 'resourceRules').required();
  }
  validateConditions(spec.matchConditions, at.at('matchConditions'));
  const names = new Set<string>();
  each(spec.variables, at.at('variables'), ({ name, expression }, here) => {
    if (!name?.trim()) here.at('name').required('name is not specified');
    else {
      named(name, cIdentifierErrors, here.at('name'));
      if (names.has(name)) here.at('name').duplicate(name);
      names.add(name);
    }
    if (!expression?.trim()) here.at('expression').required('expression is not specified');
  });
}

const AUDIT_KEY_MAX = 20;

function validatePolicy(spec: ValidatingAdmissionPolicySpec, at: Field): void {
  validateCommon(spec, at);
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    at.at('validations').required('validations or auditAnnotations must be non-empty');
    at.at('auditAnnotations').required('validations or auditAnnotations must be non-empty');
    return;
  }
  each(spec.validations, at.at('validations'), validateValidation);
  const { auditAnnotations = [] } = spec;
  if (auditAnnotations.length > AUDIT_KEY_MAX) at.at('auditAnnotations').tooMany(auditAnnotations.length, AUDIT_KEY_MAX);
  const keys = new Set<string>();
  each(auditAnnotations, at.at('auditAnnotations'), ({ key, valueExpression }, here) => {
    named(key, qualifiedNameErrors, here.at('key'));
    if (keys.has(key)) here.at('key').duplicate(key);
    keys.add(key);
    if (!valueExpression?.trim()) here.at('valueExpression').required('valueExpression is not specified');
  });
}

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];

function validateValidation({ expression, message, reason, messageExpression }: Validation, at: Field): void {
  if (!expression?.trim()) at.at('expression').required('expression is not specified');
  if (messageExpression && !messageExpression.trim()) at.at('messageExpression').required('must be non-empty if specified');
  if (message && !message.trim()) at.at('message').invalid(message, 'message must be non-empty if specified');
  else if (message && message.includes('\n')) at.at('message').invalid(message, 'message must not contain line breaks');
  else if (!message && expression?.includes('\n')) at.at('message').required('message must be specified if expression contains line breaks');
  if (reason !== undefined) supportedValue(reason, REASONS, at.at('reason'));
}

function validateMutation({ patchType, applyConfiguration, jsonPatch }: Mutation, at: Field): void {
  switch (patchType) {
    case 'ApplyConfiguration':
      if (!applyConfiguration?.expression?.trim()) at.at('applyConfiguration', 'expression').required('expression is not specified');
      if (jsonPatch) at.at('jsonPatch').forbidden('must not be set when patchType is ApplyConfiguration');
      break;
    case 'JSONPatch':
      if (!jsonPatch?.expression?.trim()) at.at('jsonPatch', 'expression').required('expression is not specified');
      if (applyConfiguration) at.at('applyConfiguration').forbidden('must not be set when patchType is JSONPatch');
      break;
    default:
      if (!patchType) at.at('patchType').required();
      else at.at('patchType').notSupported(patchType, ['ApplyConfiguration', 'JSONPatch']);
  }
}

export const validatingAdmissionPolicyBinding: Kind<ValidatingAdmissionPolicyBinding> = builtIn<ValidatingAdmissionPolicyBinding>(`${GROUP}/v1.ValidatingAdmissionPolicyBinding`, {
  columns: columnsOf('admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding', {
    PolicyName: (b) => b.spec.policyName, ParamRef: (b) => paramRefText(b.spec.paramRef),
  }),
  behaviour: {
    updatesUnconditionally: false,
    complete: ({ spec }) => completeMatch(spec.matchResources),
    validate({ spec }, at) {
      const here = at.at('spec');
      validateBinding(spec, here);
      const actions = spec.validationActions ?? [];
      const actionsAt = here.at('validationActions');
      if (actions.length === 0) actionsAt.required('at least one validation action is required');
      const seen = new Set<string>();
      each(actions, actionsAt, (action, place) => {
        supportedValue(action, ['Audit', 'Deny', 'Warn'], place);
        if (seen.has(action)) place.duplicate(action);
        seen.add(action);
      });
      if (seen.has('Deny') && seen.has('Warn')) actionsAt.invalid(actions, 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)');
    },
  },
});

export const mutatingAdmissionPolicyBinding: Kind<MutatingAdmissionPolicyBinding> = builtIn<MutatingAdmissionPolicyBinding>(`${GROUP}/v1.MutatingAdmissionPolicyBinding`, {
  columns: columnsOf('admissionregistration.k8s.io/MutatingAdmissionPolicyBinding', {
    PolicyName: (b) => b.spec.policyName ?? '', ParamRef: (b) => paramRefText(b.spec.paramRef),
  }),
  behaviour: {
    updatesUnconditionally: false,
    complete: ({ spec }) => completeMatch(spec.matchResources),
    validate: ({ spec }, at) => validateBinding(spec, at.at('spec')),
  },
});

interface Binding {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
}

function validateBinding({ policyName, paramRef, matchResources }: Binding, at: Field): void {
  if (!policyName) at.at('policyName').required();
  else named(policyName, dnsSubdomainErrors, at.at('policyName'));
  if (paramRef) validateParamRef(paramRef, at.at('paramRef'));
  if (matchResources) validateMatch(matchResources, at.at('matchResources'));
}

function validateParamRef({ name, namespace, selector, parameterNotFoundAction: action }: ParamRef, at: Field): void {
  if (name) {
    named(name, pathSegmentErrors, at.at('name'));
    if (selector) {
      at.at('name').forbidden('name and selector are mutually exclusive');
      at.at('selector').forbidden('name and selector are mutually exclusive');
    }
  }
  if (selector) labelSelector(selector, at.at('selector'));
  else if (!name) at.required('one of name or selector must be specified');
  if (namespace) named(namespace, dnsLabelErrors, at.at('namespace'));
  if (!action) at.at('parameterNotFoundAction').required();
  else supportedValue(action, ['Allow', 'Deny'], at.at('parameterNotFoundAction'));
}
